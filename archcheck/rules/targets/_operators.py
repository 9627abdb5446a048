"""Which of ONNX's operators runtimes have, and which types they lack, as they themselves say."""
from __future__ import annotations


def _each(names: str, value: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), value)


def _open(names: str, **last: int) -> dict[str, int | None]:
    """Operators by name, with the last opset that they are known in (None: all)."""
    return {**dict.fromkeys(names.split()), **last}


WEBGPU = _open(
    "Abs Acos Acosh Add ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast Ceil Clip "
    "Concat Conv ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Einsum Elu Equal Erf Exp "
    "Expand Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater "
    "GreaterOrEqual HardSigmoid If InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log "
    "MatMul MaxPool Mul Neg Not Pad Pow Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp "
    "ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ScatterND "
    "Shape Sigmoid SimplifiedLayerNormalization Sin Sinh Slice Softmax Split Sqrt Squeeze Sub Tan Tanh "
    "ThresholdedRelu Tile Transpose Unsqueeze Where", GridSample=19)
"""onnxruntime-web 1.24.3, docs/webgpu-operators.md."""

WEBNN = _open(
    "Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Conv ConvInteger "
    "ConvTranspose Cos CumSum Div DequantizeLinear Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp "
    "Expand Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool "
    "GlobalLpPool Greater GreaterOrEqual GRU HardSigmoid HardSwish Identity InstanceNormalization IsNaN "
    "IsInf LayerNormalization LeakyRelu Less LessOrEqual Log LpPool LRN LSTM MatMul MatMulInteger Max "
    "MaxPool Min Mul Neg Not Or Pad Pow PRelu QuantizeLinear Reciprocal Round ReduceL1 ReduceL2 "
    "ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu "
    "Reshape Resize RotaryEmbedding ScatterElements ScatterND Shape SimplifiedLayerNormalization Sigmoid "
    "Sign Softplus Softsign Sin Slice Softmax Split Sqrt Squeeze Sub Tan Tanh Tile Transpose Trilu "
    "Unsqueeze Where Xor")
"""onnxruntime-web 1.24.3, docs/webnn-operators.md."""

COREML = _open(
    "Add ArgMax AveragePool BatchNormalization Cast Ceil Clip Concat Conv ConvTranspose Cos DepthToSpace "
    "Div Elu Erf Exp Flatten GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool GridSample "
    "GroupNormalization HardSigmoid Identity InstanceNormalization LRN LayerNormalization LeakyRelu MatMul "
    "Max MaxPool Mul PRelu Pad Pow Range Reciprocal ReduceMax ReduceMean ReduceSum Relu Reshape Resize "
    "Round Shape Sigmoid Sin Slice Softmax Softplus Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze "
    "Gather")
"""The operators of both of its formats: coreml_supported_mlprogram_ops.md in the repository of ONNX Runtime,
and the list for NeuralNetwork in its manual."""

TFLITE = _open(
    "Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool "
    "BatchNormalization Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast "
    "Ceil Celu CenterCropPad Clip Col2Im Compress Concat ConcatFromSequence Constant ConstantOfShape Conv "
    "ConvInteger ConvTranspose Cos Cosh CumProd CumSum DFT DeformConv DepthToSpace DequantizeLinear Det "
    "Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather "
    "GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual "
    "GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity If "
    "ImageDecoder InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual "
    "Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean "
    "MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss "
    "NonMaxSuppression NonZero Not OneHot Optional OptionalGetElement OptionalHasElement Or PRelu Pad Pow "
    "QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal RandomNormalLike "
    "RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp "
    "ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RegexFullMatch Relu Reshape "
    "Resize ReverseSequence RoiAlign RotaryEmbedding Round STFT Scan Scatter ScatterElements ScatterND "
    "Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape "
    "Shrink Sigmoid Sign Sin Sinh Size Slice Softmax SoftmaxCrossEntropyLoss Softplus Softsign "
    "SpaceToDepth Split SplitToSequence Sqrt Squeeze StringConcat StringNormalizer StringSplit Sub Sum Tan "
    "Tanh TensorScatter TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze "
    "Upsample Where Xor")
"""The converter onnx2tf 1.29.24: a module each in onnx2tf/ops."""

TENSORRT = {
    **_each(
        "AffineGrid Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Col2Im CenterCropPad "
        "Compress ConcatFromSequence ConvInteger DFT Det DynamicQuantizeLinear ImageDecoder MatMulInteger "
        "MaxRoiPool MaxUnpool MelWeightMatrix Multinomial NegativeLogLikelihoodLoss Optional "
        "OptionalGetElement OptionalHasElement QLinearConv QLinearMatMul RegexFullMatch "
        "SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SequenceMap "
        "SoftmaxCrossEntropyLoss SplitToSequence StringConcat StringNormalizer StringSplit TfIdfVectorizer "
        "Unique", ""),
    "RandomNormal": "8.5", "MeanVarianceNormalization": "8.5", "RoiAlign": "8.5", "Mod": "8.5",
    "Trilu": "8.5", "GridSample": "8.5", "NonZero": "8.5", "GroupNormalization": "8.6",
    "LayerNormalization": "8.6", "IsInf": "8.6", "Hardmax": "9.2", "DeformConv": "10.1",
    "BlackmanWindow": "10.4", "HammingWindow": "10.4",
    "HannWindow": "10.4", "STFT": "10.5", "RotaryEmbedding": "10.15", "RMSNormalization": "10.15",
    "TensorScatter": "10.15"}
"""Operators that TensorRT's parser lacks, with the version that brought them: docs/operators.md of 10.15, and
docs/Changelog.md."""

OPENVINO = _each(
    "DeformConv Det ImageDecoder MaxUnpool MelWeightMatrix Optional OptionalGetElement OptionalHasElement "
    "RegexFullMatch SequenceMap StringConcat StringNormalizer StringSplit TensorScatter "
    "TfIdfVectorizer", "")
"""Operators of opsets 11, 17 and 24 that OpenVINO 2026.4.1 has no conversion rule for when it reads them."""

EXPANDED = frozenset((
    "Bernoulli", "CastLike", "CausalConvWithState", "CenterCropPad", "GroupNormalization", "HardSwish",
    "LinearAttention", "Mish", "NegativeLogLikelihoodLoss", "SequenceMap", "SoftmaxCrossEntropyLoss",
    "SwiGLU", "Swish"))
"""Functions that ONNX Runtime 1.32 has no kernel for: it takes them apart, and asks who runs the parts."""

CPU_LACKS = {
    "float64":
        "Acos Acosh Asin Asinh Atan Atanh AveragePool Conv ConvTranspose Cosh Det Erf GlobalAveragePool "
        "GlobalLpPool GlobalMaxPool Hardmax InstanceNormalization LRN LpPool MaxRoiPool MaxUnpool Mean "
        "Multinomial NonZero OneHot RNN Sinh Tan",
    "int8": "Einsum EyeLike NonZero OneHot Trilu",
    "int16": "ArgMax ArgMin Einsum EyeLike Max Min NonZero OneHot Pad Trilu Unique",
    "int32": "Gemm QuantizeLinear Unique",
    "int64": "Gemm",
    "uint8": "Einsum EyeLike OneHot Trilu Unique",
    "uint16": "ArgMax ArgMin Einsum EyeLike Max Min NonZero OneHot Pad TopK Trilu Unique",
    "uint32":
        "ArgMax ArgMin CumSum Einsum EyeLike Gemm NonZero OneHot ReduceMax ReduceMean ReduceMin ReduceProd "
        "ReduceSum TopK Trilu Unique",
    "uint64":
        "ArgMax ArgMin CumSum Einsum Gemm NonZero OneHot ReduceMax ReduceMean ReduceMin ReduceProd "
        "ReduceSum TopK Trilu Unique",
}
"""Operators for whose first input ONNX Runtime 1.32 has no kernel on the CPU with elements of a type that
ONNX allows, in any opset, by that type: `get_all_opkernel_def`. Those that are functions of others, and
16-bit floats, which it computes in 32 bits, are not among them."""
