"""The command line from outside: what it prints, where, and with which exit code."""
from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, parser

from archcheck.cli import cli, main

DOCS = Path(__file__).parent.parent / "docs"
RESNET = "onnx:light_resnet50"


def run(*args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    """archcheck in a process of its own."""
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-m", "archcheck", *args], capture_output=True, text=True,
                          timeout=120, env=env, **kwargs)  # type: ignore[call-overload]


def ends(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of archcheck in this process."""
    with pytest.raises(SystemExit) as stop:
        main(args)
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def dynamic(tmp_path: Path) -> Path:
    """A network of two convolutions with free batch and sizes, and one operator that nobody knows."""
    model = parser.parse_model('''<ir_version: 9, opset_import: ["" : 18, "com.acme" : 1]>
        net (float[N,3,H,W] image) => (float[N,a,b,c] y, float z) <float[8,3,3,3] k, float[8,8,3,3] l> {
            [stem] h = Conv<strides=[2,2], pads=[1,1,1,1]>(image, k)
            [body] y = Conv<strides=[2,2], pads=[1,1,1,1]>(h, l)
            [odd] z = com.acme.Mystery(y)
        }''')
    for name, shape in (("k", (8, 3, 3, 3)), ("l", (8, 8, 3, 3))):
        size = 1
        for axis in shape:
            size *= axis
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, shape, [0.5] * size))
    path = tmp_path / "dynamic.onnx"
    onnx.save(model, path)
    return path


class TestSummary:
    def test_totals_of_a_real_network(self, capsys: pytest.CaptureFixture[str]) -> None:
        """ResNet-50 at 224 x 224: the published 25,557,032 parameters and 4,089,184,256 MACs."""
        code, out, err = ends(capsys, "summary", RESNET)
        assert (code, err) == (0, "")
        assert "25,557,032" in out
        assert "4,089,184,256" in out

    def test_formulas_and_what_was_not_counted(self, capsys: pytest.CaptureFixture[str],
                                               dynamic: Path) -> None:
        code, out, _ = ends(capsys, "summary", str(dynamic))
        assert code == 0
        assert "N × 8 × ⌈H/4⌉ × ⌈W/4⌉" in out
        assert "com.acme.Mystery" in out
        assert "--set N=1" in out

    def test_set_binds_symbols(self, capsys: pytest.CaptureFixture[str], dynamic: Path) -> None:
        _, out, _ = ends(capsys, "summary", str(dynamic), "--set", "N=2", "--set", "H=33", "--set", "W=9")
        assert "2 × 8 × 17 × 5" in out
        assert f"{2 * 8 * 27 * 17 * 5 + 2 * 8 * 72 * 9 * 3:,}" in out

    def test_piped_output_has_no_boxes_escapes_or_cuts(self) -> None:
        out = run("summary", RESNET).stdout
        assert not set(out) & set("│┃┌└─━\x1b…")

    def test_deterministic(self) -> None:
        first, second = (run("summary", RESNET, "--format", "json").stdout for _ in range(2))
        assert first == second

    def test_ascii_where_the_stream_cannot_take_unicode(self, dynamic: Path) -> None:
        command = [sys.executable, "-m", "archcheck", "summary", str(dynamic)]
        done = subprocess.run(command, capture_output=True,
                              env={**os.environ, "PYTHONIOENCODING": "ascii"}, timeout=120)
        assert done.returncode == 0
        assert b"N x 8 x ceil(H/4) x ceil(W/4)" in done.stdout

    def test_standard_input(self, dynamic: Path) -> None:
        with dynamic.open("rb") as stream:
            done = subprocess.run([sys.executable, "-m", "archcheck", "summary", "-"], stdin=stream,
                                  timeout=120, capture_output=True)
        assert done.returncode == 0
        assert b"Conv" in done.stdout

    def test_short_form(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = ends(capsys, RESNET)
        assert code == 0
        assert "25,557,032" in out

    def test_sort_and_top(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, out, _ = ends(capsys, "summary", RESNET, "--sort", "params", "--top", "3", "--format", "csv",
                         "--columns", "name,params")
        rows = list(csv.DictReader(io.StringIO(out)))
        figures = [int(row["params"]) for row in rows]
        assert len(figures) == 3
        assert figures == sorted(figures, reverse=True)

    def test_json_follows_its_schema(self, capsys: pytest.CaptureFixture[str], dynamic: Path) -> None:
        schema = json.loads((DOCS / "summary.schema.json").read_text())
        for model in (RESNET, str(dynamic)):
            _, out, _ = ends(capsys, "summary", model, "--format", "json")
            jsonschema.validate(json.loads(out), schema)

    @pytest.mark.parametrize("figure", ["params", "macs", "flops"])
    def test_rows_add_up_to_the_total(self, capsys: pytest.CaptureFixture[str], figure: str) -> None:
        """The rows of one level of the tree, and the layers of the JSON, both add up."""
        _, out, _ = ends(capsys, "summary", RESNET, "--depth", "1", "--format", "csv", "--columns", figure)
        total = sum(int(row[figure]) for row in csv.DictReader(io.StringIO(out)))
        _, out, _ = ends(capsys, "summary", RESNET, "--format", "json")
        document = json.loads(out)
        assert total == document[figure] == sum(layer[figure] for layer in document["layers"])

    def test_output_file_by_suffix(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        target = tmp_path / "summary.json"
        assert ends(capsys, "summary", RESNET, "-o", str(target))[:2] == (0, "")
        assert json.loads(target.read_text())["params"] == 25_557_032
        assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]

    def test_markdown_is_a_table(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, out, _ = ends(capsys, "summary", RESNET, "--format", "markdown")
        table = [line for line in out.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1


class TestTerminal:
    """A terminal of a given width, through a pseudo-terminal."""

    @pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a thing of Unix")
    @pytest.mark.parametrize("width", [80, 140])
    def test_fits(self, dynamic: Path, width: int) -> None:
        import fcntl
        import pty
        import re
        import struct
        import termios
        for model in (RESNET, str(dynamic)):
            leader, follower = pty.openpty()
            fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
            env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
            child = subprocess.Popen([sys.executable, "-m", "archcheck", "summary", model], stdout=follower,
                                     env={**env, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"})
            os.close(follower)
            text = b""
            while True:
                try:
                    part = os.read(leader, 65536)
                except OSError:
                    break
                if not part:
                    break
                text += part
            assert child.wait() == 0
            plain = re.sub(r"\x1b\[[0-9;]*m", "", text.decode())
            assert max(map(len, plain.splitlines())) <= width
            assert "\x1b[" in text.decode()


class TestWrongUse:
    @pytest.mark.parametrize(("args", "words"), [
        (("sumary", RESNET), "did you mean 'summary'"),
        (("summary", RESNET, "--columns", "name,color"), "there is no column 'color'"),
        (("summary", RESNET, "--set", "N"), "NAME=NUMBER"),
        (("summary", RESNET, "--set", "N=1"), "no input of the network has a size called N"),
        (("summary", "onnx:light_resnet5"), "light_resnet50"),
        (("summary", "no/such/file.onnx"), "no/such/file.onnx"),
        (("ops", "Konv"), "did you mean 'Conv'"),
        (("summary", RESNET, "--plugin", "no_such_module_at_all"), "no_such_module_at_all"),
    ])
    def test_one_sentence_and_exit_code_2(self, capsys: pytest.CaptureFixture[str], args: tuple[str, ...],
                                          words: str) -> None:
        code, out, err = ends(capsys, *args)
        assert (code, out) == (2, "")
        assert words in err
        assert "Traceback" not in err

    def test_a_defect_is_exit_code_3_and_no_traceback(self, capsys: pytest.CaptureFixture[str],
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("on purpose")
        monkeypatch.setattr("archcheck.infer.analyze", broken)
        code, _, err = ends(capsys, "summary", RESNET)
        assert code == 3
        assert "on purpose" in err
        assert "Traceback" not in err

    def test_output_that_cannot_be_written(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        code, _, err = ends(capsys, "summary", RESNET, "-o", str(tmp_path / "no" / "such" / "folder.json"))
        assert code == 2
        assert "Traceback" not in err

    @pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
    def test_interrupted(self) -> None:
        child = subprocess.Popen([sys.executable, "-m", "archcheck", "summary", "-"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1.5)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
        assert child.returncode == 130
        assert b"Traceback" not in err

    @pytest.mark.skipif(sys.platform == "win32", reason="pipes differ")
    def test_broken_pipe_is_silent(self) -> None:
        command = [sys.executable, "-m", "archcheck", "summary", RESNET, "--format", "json"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        err = child.stderr.read()
        child.wait(timeout=60)
        assert err == b""


class TestOps:
    def test_lists_and_shows(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, listing, _ = ends(capsys, "ops")
        assert "\n  Conv\n" in listing
        _, page, _ = ends(capsys, "ops", "conv")
        assert "strides" in page

    def test_every_current_operator_is_known(self, capsys: pytest.CaptureFixture[str]) -> None:
        """All that the installed onnx has schemas for, but the one operator that only differentiates."""
        _, out, _ = ends(capsys, "ops", "--format", "json")
        known = {(known["domain"], known["name"]) for known in json.loads(out)["operators"]}
        wanted = {(schema.domain or "ai.onnx", schema.name) for schema in onnx.defs.get_all_schemas()
                  if not schema.deprecated}
        assert wanted <= known


class TestAnnotate:
    def test_onnx_agrees_with_what_is_written(self, capsys: pytest.CaptureFixture[str], dynamic: Path,
                                              tmp_path: Path) -> None:
        target = tmp_path / "annotated.onnx"
        code, _, err = ends(capsys, "annotate", str(dynamic), "-o", str(target))
        assert code == 0
        assert "annotated" in err
        model = onnx.load(target)
        info, = (info for info in model.graph.value_info if info.name == "h")
        assert [dim.dim_param or dim.dim_value for dim in info.type.tensor_type.shape.dim] == [
            "N", 8, "(H + 1)//2", "(W + 1)//2"]
        model.graph.value_info.remove(info)
        assert model == onnx.load(dynamic)

    def test_sizes_bound_make_numbers_that_onnx_checks(self, capsys: pytest.CaptureFixture[str],
                                                       dynamic: Path, tmp_path: Path) -> None:
        target = tmp_path / "annotated.onnx"
        sizes = (part for size in ("N=1", "H=8", "W=8") for part in ("--set", size))
        ends(capsys, "annotate", str(dynamic), "-o", str(target), *sizes)
        info, = (info for info in onnx.load(target).graph.value_info if info.name == "h")
        assert [dim.dim_value for dim in info.type.tensor_type.shape.dim] == [1, 8, 4, 4]

    def test_a_failure_leaves_the_target_alone(self, capsys: pytest.CaptureFixture[str],
                                               tmp_path: Path) -> None:
        source, target = tmp_path / "broken.onnx", tmp_path / "target.onnx"
        source.write_bytes(b"<!DOCTYPE html><html></html>")
        target.write_bytes(b"kept")
        code, _, err = ends(capsys, "annotate", str(source), "-o", str(target))
        assert code == 2
        assert "HTML" in err
        assert target.read_bytes() == b"kept"


def test_help_and_completion() -> None:
    runner = CliRunner()
    assert "summary" in runner.invoke(cli, ["--help"]).output
    for shell in ("bash", "zsh", "fish"):
        assert "archcheck" in runner.invoke(cli, ["completion", shell]).output


def test_a_plugin_teaches_an_operator(dynamic: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "acme.py"
    plugin.write_text("from archcheck.ops import FREE, op, result\n\n\n"
                      "@op('Mystery', domain='com.acme')\ndef mystery(x):\n"
                      "    '''The first half of the channels.'''\n"
                      "    n, c, *rest = x.shape\n    return result((n, c // 2, *rest), x, cost=FREE)\n")
    done = run("summary", str(dynamic), "--plugin", str(plugin))
    assert "N × 4 × ⌈H/4⌉ × ⌈W/4⌉" in done.stdout
    assert "not counted" not in done.stdout


def test_the_command_line_offers_the_columns_that_there_are() -> None:
    """Their names are written out again in the command line, which starts without the table."""
    from archcheck.cli.summary import COLUMNS
    from archcheck.reporters import table
    assert tuple(table.COLUMNS) == COLUMNS
