"""Checks ONNX files with onnx.checker, shapes included, and that the checker sees what is wrong (scripts/check-onnx.ts)."""

import pathlib
import sys

import onnx


def refuses(model, spoil):
    """Whether the checker refuses a copy of the model that was spoilt."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    spoil(copy.graph)
    try:
        onnx.checker.check_model(copy, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return True
    return False


def leave_out_first_node(graph):
    del graph.node[0]


def misstate_output(graph):
    graph.output[0].type.tensor_type.shape.dim[-1].dim_value += 1


def misname_operator(graph):
    for node in graph.node:
        node.op_type = {"Scan": "Scam", "RNN": "RNM", "GRU": "GRV", "LSTM": "LSTN"}.get(node.op_type, node.op_type)


files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
failed = 0
for file in files:
    model = onnx.load(str(file))
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        failed += 1
        print(f"{file.name}: {error}")
        continue
    for spoil in (leave_out_first_node, misstate_output, misname_operator):
        if not refuses(model, spoil):
            failed += 1
            print(f"{file.name}: the checker accepts it with {spoil.__name__}")
print(f"onnx {onnx.__version__}: {len(files) - failed} files accepted, {failed} failed")
sys.exit(1 if failed > 0 or len(files) == 0 else 0)
