/* 3-3-3-1, sigmoid everywhere, half squared error, SGD, batch 1: one network, registers code.

   theta: W_1 row by row, b_1, W_2, b_2, W_3, b_3 (28 numbers). Returns the epoch's mean error,
   measured before each update. */
#include "exponential.h"

#define LENGTH 28

double one_epoch(float *theta, const float *X, const float *T, long rows, float lr)
{
    float w[LENGTH];
    double total = 0.0;
    for (int i = 0; i < LENGTH; i++) w[i] = theta[i];
    for (long r = 0; r < rows; r++) {
        const float x0 = X[3 * r], x1 = X[3 * r + 1], x2 = X[3 * r + 2];

        const float p0 = sigmoid(w[0] * x0 + w[1] * x1 + w[2] * x2 + w[9]);
        const float p1 = sigmoid(w[3] * x0 + w[4] * x1 + w[5] * x2 + w[10]);
        const float p2 = sigmoid(w[6] * x0 + w[7] * x1 + w[8] * x2 + w[11]);
        const float q0 = sigmoid(w[12] * p0 + w[13] * p1 + w[14] * p2 + w[21]);
        const float q1 = sigmoid(w[15] * p0 + w[16] * p1 + w[17] * p2 + w[22]);
        const float q2 = sigmoid(w[18] * p0 + w[19] * p1 + w[20] * p2 + w[23]);
        const float y = sigmoid(w[24] * q0 + w[25] * q1 + w[26] * q2 + w[27]);

        /* What the deltas are made of, apart from the factor d that waits for y: it is ready by
           then, so that the longest chain ends a few operations after y. */
        const float s0 = w[24] * (q0 * (1.0f - q0));
        const float s1 = w[25] * (q1 * (1.0f - q1));
        const float s2 = w[26] * (q2 * (1.0f - q2));
        const float u0 = (s0 * w[12] + s1 * w[15] + s2 * w[18]) * (p0 * (1.0f - p0));
        const float u1 = (s0 * w[13] + s1 * w[16] + s2 * w[19]) * (p1 * (1.0f - p1));
        const float u2 = (s0 * w[14] + s1 * w[17] + s2 * w[20]) * (p2 * (1.0f - p2));

        const float miss = y - T[r];
        total += 0.5f * miss * miss;
        const float d = (lr * miss) * (y * (1.0f - y)); /* every delta carries lr */
        const float e0 = d * s0, e1 = d * s1, e2 = d * s2;
        const float f0 = d * u0, f1 = d * u1, f2 = d * u2;

        w[24] -= d * q0, w[25] -= d * q1, w[26] -= d * q2, w[27] -= d;
        w[12] -= e0 * p0, w[13] -= e0 * p1, w[14] -= e0 * p2, w[21] -= e0;
        w[15] -= e1 * p0, w[16] -= e1 * p1, w[17] -= e1 * p2, w[22] -= e1;
        w[18] -= e2 * p0, w[19] -= e2 * p1, w[20] -= e2 * p2, w[23] -= e2;
        w[0] -= f0 * x0, w[1] -= f0 * x1, w[2] -= f0 * x2, w[9] -= f0;
        w[3] -= f1 * x0, w[4] -= f1 * x1, w[5] -= f1 * x2, w[10] -= f1;
        w[6] -= f2 * x0, w[7] -= f2 * x1, w[8] -= f2 * x2, w[11] -= f2;
    }
    for (int i = 0; i < LENGTH; i++) theta[i] = w[i];
    return total / rows;
}
