/* exp in float32 without a branch or a table, so that it inlines and vectorises.

   exp(x) = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2; ln 2 is subtracted in two parts,
   of which the first has so few digits that n times it is exact. e^r is its Taylor polynomial of
   degree 7, whose remainder, |r|^8 / 8!, is below 5.2e-9: less than rounding. Good for |x| <= 87,
   to which x is bounded; as an expert's C does, it takes finite x for granted. */
#include <stdint.h>
#include <string.h>

static inline float exponential(float x)
{
    x = x > 87.0f ? 87.0f : x;
    x = x < -87.0f ? -87.0f : x;
    const float shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    const float shifted = x * 1.44269504f + shift;
    const float n = shifted - shift;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    const float rr = r * r; /* in pairs: a chain of 4 instead of 7 */
    const float low = (1.0f + r) + (0.5f + r * (1.0f / 6)) * rr;
    const float high = (1.0f / 24 + r * (1.0f / 120)) + (1.0f / 720 + r * (1.0f / 5040)) * rr;
    const float e = low + high * (rr * rr);
    int32_t bits;
    memcpy(&bits, &shifted, 4);
    bits = (bits + 127) << 23; /* the low digits of shifted are n; the high ones drop out */
    float power;
    memcpy(&power, &bits, 4);
    return e * power;
}

static inline float sigmoid(float net) { return 1.0f / (1.0f + exponential(-net)); }
