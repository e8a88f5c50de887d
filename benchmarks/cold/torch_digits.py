"""Digits by PyTorch, eager, from the shell: `python torch_digits.py DATA.npz`."""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

torch.manual_seed(0)
torch.set_num_threads(1)  # products so small are faster without threads
with np.load(sys.argv[1]) as data:
    X, label = data["X"].astype(np.float32), torch.from_numpy(data["label"])
    train, validation, test = data["train"], data["validation"], data["test"]
mean, deviation = X[train].mean(0), X[train].std(0)
X = torch.from_numpy((X - mean) / np.where(deviation > 0, deviation, 1))

model = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
optimiser = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
x, t, best, waited = X[train], label[train], float("inf"), 0
for _ in range(200):
    order = torch.randperm(len(x))
    for xb, tb in zip(x[order].split(32), t[order].split(32), strict=True):
        optimiser.zero_grad()
        functional.cross_entropy(model(xb), tb).backward()
        optimiser.step()
    with torch.no_grad():
        error = functional.cross_entropy(model(X[validation]), label[validation]).item()
    waited = 0 if error < best else waited + 1
    if error < best:
        best, kept = error, {name: p.clone() for name, p in model.state_dict().items()}
    if waited == 20:
        break
model.load_state_dict(kept)
with torch.no_grad():
    right = model(X[test]).argmax(1) == label[test]
print("accuracy", right.float().mean().item())
