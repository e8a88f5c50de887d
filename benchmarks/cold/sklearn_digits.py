"""Digits by scikit-learn, from the shell: `python sklearn_digits.py DATA.npz`."""

import sys

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

with np.load(sys.argv[1]) as data:
    X, label = data["X"].astype(np.float32), data["label"]
    train, validation, test = data["train"], data["validation"], data["test"]

# early stopping cuts its own validation rows off, in the same share
fit = np.concatenate([train, validation])
scaler = StandardScaler().fit(X[train])
model = MLPClassifier(
    (64, 32), activation="tanh", alpha=0.0, batch_size=32, max_iter=200, early_stopping=True,
    validation_fraction=len(validation) / len(fit), n_iter_no_change=20, tol=0.0, random_state=0,
)  # fmt: skip
model.fit(scaler.transform(X[fit]), label[fit])
print("accuracy", model.score(scaler.transform(X[test]), label[test]))
