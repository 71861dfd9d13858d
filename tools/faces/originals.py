"""The originals, run by the runtime each was published for: what every rebuilt network must agree with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.faces.graph import Array


def run_centerface(file: Path, picture: Array) -> dict[str, Array]:
    """Run the ONNX file on a (1, height, width, 3) picture of 0..255 and return its four maps as NHWC."""
    import onnx
    import onnxruntime
    from onnx.tools.update_model_dims import update_inputs_outputs_dims

    model = onnx.load(str(file))
    # The file says 10x3x32x32 and lists its weights as inputs; the network itself takes any multiple of 32.
    constants = {tensor.name for tensor in model.graph.initializer}
    for extra in [entry for entry in model.graph.input if entry.name in constants or entry.name != "input.1"]:
        model.graph.input.remove(extra)
    channels = {"537": 1, "538": 2, "539": 2, "540": 10}
    free = {name: ["n", count, "rows", "columns"] for name, count in channels.items()}
    model = update_inputs_outputs_dims(model, {"input.1": ["n", 3, "height", "width"]}, free)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: the weights that it says nobody uses are batch norm's counters
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    maps = session.run(list(channels), {"input.1": picture.transpose(0, 3, 1, 2)})
    names = ("heatmap", "scale", "offset", "landmarks")
    return {name: values.transpose(0, 2, 3, 1) for name, values in zip(names, maps, strict=True)}


def run_blazeface(file: Path, picture: Array) -> dict[str, Array]:
    """Run the TFLite file on a (1, 192, 192, 3) picture of -1..1; its rows of 16 values are cut into their parts."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_path=str(file))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    values = {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}
    side = picture.shape[1] // 4
    boxes = values["reshaped_regressor_face_4"].reshape(1, side, side, 16)
    scores = values["reshaped_classifier_face_4"].reshape(1, side, side, 1)
    return {"logits": scores, "xy": boxes[..., :2], "wh": boxes[..., 2:4], "keypoints": boxes[..., 4:]}


def largest_difference(ours: dict[str, Array], theirs: dict[str, Array]) -> float:
    """The largest difference of any output, as a share of that output's largest value."""
    return max(float(np.abs(ours[name] - theirs[name]).max() / np.abs(theirs[name]).max()) for name in theirs)
