"""Trains a GRU in PyTorch to tell gestures of many people's hands apart, and saves its state dict: model.safetensors."""
import json, math, struct, sys
import torch

SHAPES, T = 4, 24  # circle, eight, zigzag, wave; steps of a gesture
torch.manual_seed(1)


def gestures(count, tilt=0.4, speed=0.3, noise=0.1):
    """[B, T, 2]: how far the hand moves in each step; every gesture at an angle and a speed of its own."""
    kind = torch.randint(SHAPES, (count,))
    angle = tilt * torch.randn(count, 1)
    time = torch.arange(T + 1) / T * 2 * math.pi * torch.exp(speed * torch.randn(count, 1)) + torch.rand(count, 1)
    zigzag = 2 / math.pi * torch.asin(torch.sin(3 * time))
    x = torch.stack([torch.cos(time), torch.sin(time), time / 3, time / 3])
    y = torch.stack([torch.sin(time), torch.sin(2 * time), zigzag, torch.sin(time)])
    at = torch.stack([x, y])[:, kind, torch.arange(count)].diff(dim=2) + noise * torch.randn(2, count, T)
    return torch.stack([angle.cos() * at[0] - angle.sin() * at[1], angle.sin() * at[0] + angle.cos() * at[1]], 2), kind


class Gestures(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(2, 24, batch_first=True)
        self.classify = torch.nn.Linear(24, SHAPES)

    def forward(self, moves):
        return self.classify(self.gru(moves)[1][0])


def save(path, tensors):  # what safetensors.torch.save_file does
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    model = Gestures()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for update in range(400):
        moves, kind = gestures(64)
        loss = torch.nn.functional.cross_entropy(model(moves), kind)
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    moves, kind = gestures(2000)
    print(f"accuracy {(model(moves).argmax(1) == kind).float().mean():.3f}")
    save(sys.argv[1], model.state_dict())
