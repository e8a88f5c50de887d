/* Many networks 3-3-3-1 at once on one core, sigmoid, half squared error, SGD, batch 1.

   theta: (28, m), so that the networks lie along the SIMD lanes; m is a multiple of 32. Two blocks of
   16 networks see all rows before the next two start: their theta stays in the nearest cache. The bodies of the loops over lanes are what one.c has in registers code. */
#include "exponential.h"

#define LENGTH 28
#define LANES 16
#define BLOCKS 2 /* two chains of dependent operations fill each other's waits */

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t whole __attribute__((vector_size(4 * LANES)));

static inline lanes chosen(whole where, lanes a, lanes b)
{
    return (lanes)((where & (whole)a) | (~where & (whole)b));
}

static inline lanes sigmoids(lanes net)
{
    const lanes most = (lanes){0} + 87.0f;
    lanes x = -net;
    x = chosen(x > most, most, x);
    x = chosen(x < -most, -most, x);
    const lanes shifted = x * 1.44269504f + 12582912.0f;
    const lanes n = shifted - 12582912.0f;
    const lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    const lanes rr = r * r;
    const lanes low = (1.0f + r) + (0.5f + r * (1.0f / 6)) * rr;
    const lanes high = (1.0f / 24 + r * (1.0f / 120)) + (1.0f / 720 + r * (1.0f / 5040)) * rr;
    const lanes e = low + high * (rr * rr);
    const lanes power = (lanes)(((whole)shifted + 127) << 23);
    return 1.0f / (1.0f + e * power);
}

/* One update; returns the squared miss. */
static inline lanes step(lanes *w, const float *x, float t, float lr)
{
    lanes p[3], q[3], s[3], u[3];
    for (int j = 0; j < 3; j++)
        p[j] = sigmoids(w[3 * j] * x[0] + w[3 * j + 1] * x[1] + w[3 * j + 2] * x[2] + w[9 + j]);
    for (int j = 0; j < 3; j++)
        q[j] = sigmoids(w[12 + 3 * j] * p[0] + w[13 + 3 * j] * p[1] + w[14 + 3 * j] * p[2]
                        + w[21 + j]);
    const lanes y = sigmoids(w[24] * q[0] + w[25] * q[1] + w[26] * q[2] + w[27]);

    for (int j = 0; j < 3; j++) s[j] = w[24 + j] * (q[j] * (1.0f - q[j]));
    for (int k = 0; k < 3; k++)
        u[k] = (s[0] * w[12 + k] + s[1] * w[15 + k] + s[2] * w[18 + k]) * (p[k] * (1.0f - p[k]));
    const lanes miss = y - t;
    const lanes d = (lr * miss) * (y * (1.0f - y)); /* every delta carries lr */

    for (int j = 0; j < 3; j++) {
        const lanes e = d * s[j], f = d * u[j];
        w[24 + j] -= d * q[j];
        for (int k = 0; k < 3; k++) w[12 + 3 * j + k] -= e * p[k];
        for (int k = 0; k < 3; k++) w[3 * j + k] -= f * x[k];
        w[21 + j] -= e;
        w[9 + j] -= f;
    }
    w[27] -= d;
    return miss * miss;
}

/* Returns the mean error over rows and networks. */
double many_epoch(float *theta, const float *X, const float *T, long rows, float lr, long m)
{
    double all = 0.0;
    for (long start = 0; start < m; start += BLOCKS * LANES) {
        lanes w[BLOCKS][LENGTH], total[BLOCKS] = {0};
        for (int b = 0; b < BLOCKS; b++)
            for (int i = 0; i < LENGTH; i++)
                memcpy(&w[b][i], theta + i * m + start + b * LANES, sizeof(lanes));
        for (long r = 0; r < rows; r++)
            for (int b = 0; b < BLOCKS; b++) total[b] += step(w[b], X + 3 * r, T[r], lr);
        for (int b = 0; b < BLOCKS; b++)
            for (int i = 0; i < LENGTH; i++)
                memcpy(theta + i * m + start + b * LANES, &w[b][i], sizeof(lanes));
        for (int b = 0; b < BLOCKS; b++)
            for (int j = 0; j < LANES; j++) all += 0.5 * total[b][j];
    }
    return all / rows / m;
}
