"""What training leaves in a network that is to be run."""
from __future__ import annotations

from archcheck.ops._op import All
from archcheck.rules._case import Case
from archcheck.rules._operands import of_kind
from archcheck.rules._paths import before, constant, reads
from archcheck.rules._rule import ADVICE, ERROR, SAFE, UNSAFE, WARNING, Fault, Faults, Site, rule
from archcheck.rules._training import trains
from archcheck.scopes import specified

LOSSES = ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
TRAINING = "ai.onnx.preview.training"
"""The domain of optimizers."""


@rule("TRN001", "batchnorm-training-mode", severity=ERROR, fix=UNSAFE)
def batchnorm_training_mode(case: Case) -> Faults:
    """A batch normalization normalizes by the batch that it is given, not by what it learned.

    The same image gives other results beside other images, and a batch of one image of one position is
    divided by a variance of 0. The model was exported in training mode. Since opset 14 `training_mode` says
    so, before that the outputs beyond the first do. Weights that are standardised so, the same at each run,
    are not meant.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4] x) => (float[N, 2, 4] y)
        <float[2] s = {1, 2}, float[2] b = {0, 1}, float[2] mean = {1, 0}, float[2] var = {1, 2}>
        { y, m, v = BatchNormalization <training_mode = 1> (x, s, b, mean, var) }

    Bad::

        <ir_version: 6, opset_import: ["" : 9]>
        g (float[N, 2, 4] x) => (float[N, 2, 4] y, float[2] m, float[2] v, float[2] sm, float[2] sv)
        <float[2] s = {1, 2}, float[2] b = {0, 1}, float[2] mean = {1, 0}, float[2] var = {1, 2}>
        { y, m, v, sm, sv = BatchNormalization (x, s, b, mean, var) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4] x) => (float[N, 2, 4] y)
        <float[2] s = {1, 2}, float[2] b = {0, 1}, float[2] mean = {1, 0}, float[2] var = {1, 2}>
        { y = BatchNormalization <training_mode = 0> (x, s, b, mean, var) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 2] x) => (float[N, 2, 2] y)
        <float[1, 2, 2] w = {1, 2, 3, 4}, float[2] s = {1, 2}, float[2] b = {0, 1}>
        {
            v, mean, var = BatchNormalization <training_mode = 1> (w, s, b, b, s)
            y = MatMul (x, v)
        }
    """
    for site in case.of("BatchNormalization"):
        flow = case.report.flows.get(id(site.walk)) if trains(site) else None
        if trains(site) and (flow is None or not flow.data.isdisjoint(site.node.inputs[:1])):
            yield Fault("a batch normalization is in training mode", "it takes means and variances from the "
                        "batch, so each result depends on what else is in it",
                        "export in evaluation mode (PyTorch: model.eval())", site)


@rule("TRN002", "batch-statistics-norm", severity=WARNING)
def batch_statistics_norm(case: Case) -> Faults:
    """A mean over the batch and all positions is subtracted: a batch normalization in training mode, taken
    apart.

    The result of one example then depends on the others that it is run with. A mean over the positions of
    one example, as in instance normalization, is fine.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y)
        {
            m = ReduceMean <axes = [0, 2, 3]> (x)
            y = Sub (x, m)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y)
        {
            m = ReduceMean <axes = [2, 3]> (x)
            y = Sub (x, m)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y)
        {
            m = ReduceMean <axes = [0, 2, 3]> (x)
            y = Sub (x, m)
        }
    """
    for site in case.of("Sub"):
        mean = before(site, 1)
        if mean is not None and mean.op == "ReduceMean" and mean.node.inputs[0] == site.node.inputs[0] \
                and _is_over_batch(mean):
            yield Fault("the mean over the batch and all positions is subtracted",
                        "each result depends on what else is in the batch",
                        "export in evaluation mode (PyTorch: model.eval())", site)


def _is_over_batch(mean: Site) -> bool:
    """Whether a mean of each channel is over all examples and positions, and there may be several
    examples."""
    shape = mean.inputs[0].shape or ()
    kept = [axis for axis, reader in enumerate(reads(mean)) if not isinstance(reader, All)]
    channels = ([1],) if len(shape) == 3 else ([1], [len(shape) - 1])
    return len(shape) > 2 and kept in channels and shape[0] != 1


@rule("TRN003", "active-dropout", severity=WARNING, fix=SAFE)
def active_dropout(case: Case) -> Faults:
    """A Dropout drops values at random while the network is run; one that does nothing was left in: advice.

    In training mode each run gives other results. Since opset 12 the third input says so; before that, and
    without it, Dropout hands on what it reads, and is a node for nothing. A specification's are for
    training.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float ratio = {0.5}, bool training = {1}>
        { y = Dropout (x, ratio, training) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        { y = Dropout (x) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, bool training) => (float[N, 4] y)
        <float ratio = {0.5}>
        { y = Dropout (x, ratio, training) }
    """
    idle = []
    for site in of_kind(case, "dropout"):
        if not specified(site.node):
            mode, ratio = _mode(site), constant(site, 1)
            if mode and ratio != (0,):
                yield Fault("a Dropout is in training mode",
                            "it drops values at random: each run gives other results",
                            "export in evaluation mode (PyTorch: model.eval())", site, fixable=UNSAFE)
            elif mode is not None:
                idle.append(site)
    for site in idle:
        yield Fault(f"{len(idle)} nodes of Dropout do nothing" if len(idle) > 1 else "a Dropout does nothing",
                    "they hand on what they read" if len(idle) > 1 else "it hands on what it reads",
                    "take it out" if len(idle) == 1 else "take them out", site, severity=ADVICE, cause="idle")


def _mode(site: Site) -> bool | None:
    """Whether a Dropout is in training mode; None where that is not known before a run."""
    if len(site.node.inputs) < 3 or not site.node.inputs[2]:
        return False
    found = constant(site, 2)
    return bool(found[0]) if found and found[0] is not None else None


@rule("TRN004", "training-leftovers", severity=WARNING)
def training_leftovers(case: Case) -> Faults:
    """A loss, an optimizer or the gradient of an operator is in a network that is to be run.

    A loss needs the answers that the network is to give. Export the model without it.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, int64[N] answers) => (float loss, float[N, 4] y)
        {
            y = Relu (x)
            loss = SoftmaxCrossEntropyLoss (y, answers)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        { y = LogSoftmax (x) }
    """
    for site in (site for name, sites in case.by_op.items() if _is_training(name) for site in sites):
        if specified(site.node):
            continue
        if site.op in LOSSES:
            yield Fault("a loss is part of the network", "it needs the answers that the network is to give",
                        "export the model without its loss", site)
        else:
            yield Fault("a step of training is part of the network",
                        f"{site.op} changes weights or works out gradients",
                        "export the model without it", site)


def _is_training(op: str) -> bool:
    """Whether an operator is for training."""
    return op in LOSSES or op.startswith(TRAINING) or \
        op.startswith("com.microsoft.") and op.endswith(("Grad", "Optimizer"))
