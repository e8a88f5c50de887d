"""wih and who, (out, in), lists in, errors that are carried back, steps added."""

import numpy as np


class NeuralNetwork:
    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.wih = np.random.normal(0.0, inputnodes**-0.5, (hiddennodes, inputnodes))
        self.who = np.random.normal(0.0, hiddennodes**-0.5, (outputnodes, hiddennodes))
        self.lr = learningrate
        self.activation_function = lambda v: 1 / (1 + np.exp(-v))

    def train(self, inputs_list, targets_list):
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T
        hidden = self.activation_function(np.dot(self.wih, inputs))
        final = self.activation_function(np.dot(self.who, hidden))
        output_delta = (targets - final) * final * (1.0 - final)
        hidden_errors = np.dot(self.who.T, output_delta)
        self.who += self.lr * np.dot(output_delta, hidden.T)
        self.wih += self.lr * np.dot(hidden_errors * hidden * (1.0 - hidden), inputs.T)

    def query(self, inputs_list):
        hidden = self.activation_function(np.dot(self.wih, np.array(inputs_list, ndmin=2).T))
        return self.activation_function(np.dot(self.who, hidden))
