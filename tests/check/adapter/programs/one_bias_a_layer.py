"""One number is the bias of a whole layer, and stays as it is; one observation at a time."""

import numpy as np


class Net:
    def __init__(self, num_inputs=2, num_hidden=3, num_outputs=2):
        self.w_hidden = np.random.rand(num_hidden, num_inputs)
        self.w_output = np.random.rand(num_outputs, num_hidden)
        self.hidden_bias, self.output_bias = 0.35, 0.6
        self.LEARNING_RATE = 0.5

    def feed_forward(self, x):
        self.h = 1 / (1 + np.exp(-(self.w_hidden @ x + self.hidden_bias)))
        self.o = 1 / (1 + np.exp(-(self.w_output @ self.h + self.output_bias)))
        return self.o

    def train(self, x, t):
        self.feed_forward(x)
        d_o = (self.o - t) * self.o * (1 - self.o)
        d_h = self.w_output.T @ d_o * self.h * (1 - self.h)
        self.w_output -= self.LEARNING_RATE * np.outer(d_o, self.h)
        self.w_hidden -= self.LEARNING_RATE * np.outer(d_h, x)
