"""Loads the state dict that came back, and says what it makes of the gestures that main.ts measured: as much as is said there."""
import json, struct, sys
import torch
from train import Gestures

TYPES = {"F32": torch.float32, "I32": torch.int32}


def load(path):  # what safetensors.torch.load_file does
    file = open(path, "rb").read()
    end = 8 + struct.unpack("<Q", file[:8])[0]
    header = json.loads(file[8:end])
    header.pop("__metadata__", None)
    place = lambda entry: bytearray(file[end + entry["data_offsets"][0] : end + entry["data_offsets"][1]])
    return {name: torch.frombuffer(place(entry), dtype=TYPES[entry["dtype"]]).reshape(entry["shape"]) for name, entry in header.items()}


trained, personal, gestures = [load(path) for path in sys.argv[1:4]]
for when, state in [("as trained", trained), ("personal", personal)]:
    model = Gestures()
    model.load_state_dict(state)
    right = model(gestures["moves"]).argmax(1) == gestures["kinds"]
    print(f"{when}: {right.sum()} of {len(right)} gestures told right")
same = [name for name in trained if torch.equal(trained[name], personal[name])]
print(f"the same bit for bit: {', '.join(same)}")
