"""The work by PyTorch: jobs as lines of JSON on stdin, answers as lines of JSON on stdout. One thread."""

import json
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
clock = time.thread_time if os.environ.get("COMPARE_CLOCK") == "cpu" else time.perf_counter
KINDS = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Model(nn.Module):
    def __init__(self, job):
        super().__init__()
        self.rnn = KINDS[job["cell"]](job["I"], job["H"], job["L"])
        self.head = nn.Linear(job["H"], job["O"])


class Gathered(nn.Module):
    """The first layer as a loop of its own that looks a token's row up instead of multiplying by it."""

    def __init__(self, model, job):
        super().__init__()
        self.model, self.cell = model, job["cell"]

    def forward(self, tokens):
        rnn, cell = self.model.rnn, self.cell
        recurrent = rnn.weight_hh_l0.t()
        rows = F.embedding(tokens, rnn.weight_ih_l0.t()) + rnn.bias_ih_l0
        h = rows.new_zeros(tokens.shape[1], recurrent.shape[0])
        c = h
        states = []
        for row in rows.unbind(0):
            if cell == "elman":
                h = torch.tanh(torch.addmm(row + rnn.bias_hh_l0, h, recurrent))
            elif cell == "lstm":
                i, f, g, o = torch.addmm(row + rnn.bias_hh_l0, h, recurrent).chunk(4, 1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
            else:
                xr, xz, xn = row.chunk(3, 1)
                hr, hz, hn = torch.addmm(rnn.bias_hh_l0, h, recurrent).chunk(3, 1)
                z = torch.sigmoid(xz + hz)
                n = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
                h = n + z * (h - n)
            states.append(h)
        return torch.stack(states)


class Work:
    def __init__(self, job, variant):
        self.job = job
        self.model = Model(job)
        values = torch.frombuffer(bytearray(open(job["weights"], "rb").read()), dtype=torch.float32)
        with torch.no_grad():
            at = 0
            for name in job["names"]:
                parameter = dict(self.model.named_parameters())[name]
                parameter.copy_(values[at : at + parameter.numel()].view_as(parameter))
                at += parameter.numel()
        shape = (job["T"], job["B"])
        self.gathered = Gathered(self.model, job) if variant == "gathered" else None
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=job["rate"], foreach=variant != "plain Adam")
        if job["kind"] == "one streaming step":
            self.eye = torch.eye(job["I"])
            self.state, self.token, self.step = None, 0, self.stream
            return
        if "values" in job:
            self.inputs = torch.tensor(job["values"]).view(*shape, job["I"])
            self.targets = torch.tensor(job["last"]).view(-1, 1)
        else:
            self.tokens = torch.tensor(job["tokens"]).view(shape)
            self.inputs = F.one_hot(self.tokens, job["I"]).float()
            self.targets = torch.tensor(job["classes"])
        self.step = self.train if job["kind"] == "training step" else self.forward

    def states(self):
        return self.gathered(self.tokens) if self.gathered else self.model.rnn(self.inputs)[0]

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        states = self.states()
        if "values" in self.job:
            loss = F.mse_loss(self.model.head(states[-1]), self.targets)
        else:
            loss = F.cross_entropy(self.model.head(states).flatten(0, 1), self.targets)
        loss.backward()
        self.optimizer.step()
        return loss

    @torch.inference_mode()
    def forward(self):
        return self.model.head(self.states())

    @torch.inference_mode()
    def stream(self):
        states, self.state = self.model.rnn(self.eye[self.token].view(1, 1, -1), self.state)
        self.token = (self.token + 1) % self.job["I"]
        return self.model.head(states)


def answer(line):
    """{"open": job, "variant": name}, {"steps": n}: their milliseconds, or {"result": true}: a step's loss or outputs."""
    global work
    if "open" in line:
        work = Work(line["open"], line["variant"])
        return {"version": torch.__version__}
    if "steps" in line:
        step = work.step
        start = clock()
        for _ in range(line["steps"]):
            step()
        return {"milliseconds": 1000 * (clock() - start)}
    return {"result": work.step().flatten().tolist()}


for text in sys.stdin:
    try:
        reply = answer(json.loads(text))
    except Exception as error:  # the reader tells a person
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
