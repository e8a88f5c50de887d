"""Updates by the papers' formulas, as sums over all past gradients (mpmath)."""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 40
START = 0.8125


def average(decay, values):
    """Return the exponential average, from 0: (1 - decay) sum_i decay^(t - i) value_i."""
    t = len(values)
    return (1 - decay) * mp.fsum(decay ** (t - 1 - i) * v for i, v in enumerate(values))


def velocities(mu, lr, g):
    """Return v_1..v_t of the heavy ball: v_t = -sum_i mu^(t - i) lr_i g_i."""
    steps = [r * v for r, v in zip(lr, g, strict=True)]
    return [-mp.fsum(mu ** (t - i) * steps[i] for i in range(t + 1)) for t in range(len(steps))]


def adaptive(o, lr, g, penalised, decay):
    theta = mp.mpf(START)
    for t in range(1, len(g) + 1):
        mhat = average(o.beta1, g[:t]) / (1 - mp.mpf(o.beta1) ** t)
        vhat = average(o.beta2, [v * v for v in g[:t]]) / (1 - mp.mpf(o.beta2) ** t)
        if penalised:
            theta -= lr[t - 1] * decay * theta
        theta -= lr[t - 1] * mhat / (mp.sqrt(vhat) + o.eps)
    return theta


def adadelta(o, lr, g, penalised):
    theta, steps = mp.mpf(START), []
    for t in range(1, len(g) + 1):
        rms_g = mp.sqrt(average(o.rho, [v * v for v in g[:t]]) + o.eps)
        rms_d = mp.sqrt(average(o.rho, [d * d for d in steps]) + o.eps)
        steps.append(rms_d / rms_g * g[t - 1])
        theta -= lr[t - 1] * steps[-1]
    return theta


def scaled(lr, g, size):
    return START - mp.fsum(lr[t] * g[t] / size(g[: t + 1]) for t in range(len(g)))


def adam_like(o, lr, g, size, start=0.0, look=None):
    """theta <- theta - lr mhat / size(t); `look` may take another numerator than mhat."""
    theta = mp.mpf(START)
    for t in range(1, len(g) + 1):
        mhat = average(o.beta1, g[:t]) / (1 - mp.mpf(o.beta1) ** t)
        theta -= lr[t - 1] * (look(t) if look else mhat) / size(t)
    return theta


def adamax(o, lr, g, penalised):
    """u_t = max over i of beta2^(t - i) (|g_i| + eps)."""
    beta2 = mp.mpf(o.beta2)
    return adam_like(
        o, lr, g, lambda t: max(beta2 ** (t - 1 - i) * (abs(g[i]) + o.eps) for i in range(t))
    )


def amsgrad(o, lr, g, penalised):
    def size(t):
        largest = max(average(o.beta2, [v * v for v in g[:k]]) for k in range(1, t + 1))
        return mp.sqrt(largest / (1 - mp.mpf(o.beta2) ** t)) + o.eps

    return adam_like(o, lr, g, size)


def adabelief(o, lr, g, penalised):
    def size(t):
        far = [(g[i] - average(o.beta1, g[: i + 1])) ** 2 for i in range(t)]
        added = o.eps * mp.fsum(mp.mpf(o.beta2) ** i for i in range(t))
        return mp.sqrt((average(o.beta2, far) + added) / (1 - mp.mpf(o.beta2) ** t)) + o.eps

    return adam_like(o, lr, g, size)


def yogi(o, lr, g, penalised):
    v, sizes = mp.mpf(o.first), []
    for value in g:
        v -= (1 - o.beta2) * mp.sign(v - value**2) * value**2
        sizes.append(v)
    return adam_like(o, lr, g, lambda t: mp.sqrt(sizes[t - 1] / (1 - mp.mpf(o.beta2) ** t)) + o.eps)


def nadam(o, lr, g, penalised):
    mus = [o.beta1 * (1 - mp.mpf("0.5") * mp.mpf(0.96) ** (t * mp.mpf(o.decay)))
           for t in range(1, len(g) + 2)]  # fmt: skip

    def size(t):
        v = average(o.beta2, [x * x for x in g[:t]]) / (1 - mp.mpf(o.beta2) ** t)
        return mp.sqrt(v) + o.eps

    def look(t):
        ahead, here = mp.fprod(mus[: t + 1]), mp.fprod(mus[:t])
        m = average(o.beta1, g[:t])
        return mus[t] * m / (1 - ahead) + (1 - mus[t - 1]) * g[t - 1] / (1 - here)

    return adam_like(o, lr, g, size, look=look)


def radam(o, lr, g, penalised):
    beta2 = mp.mpf(o.beta2)
    q = 2 / (1 - beta2) - 1

    def size(t):
        p = q - 2 * t * beta2**t / (1 - beta2**t)
        if p <= o.threshold:
            return 1
        r = mp.sqrt((p - 4) * (p - 2) * q / ((q - 4) * (q - 2) * p))
        v = average(o.beta2, [x * x for x in g[:t]])
        return (mp.sqrt(v) + o.eps) / (r * mp.sqrt(1 - beta2**t))

    return adam_like(o, lr, g, size)


def lion(o, lr, g, penalised):
    theta = mp.mpf(START)
    for t in range(len(g)):
        m = average(o.beta2, g[:t])
        step = mp.sign(o.beta1 * m + (1 - o.beta1) * g[t])
        theta -= lr[t] * (step + (o.weight_decay * theta if penalised else 0))
    return theta


def quickprop(o, lr, g, penalised):
    """Fahlman's program, branch by branch: d the last step, p the last slope, s this one."""
    theta, d, p = mp.mpf(START), mp.mpf(0), mp.mpf(0)
    shrink = mp.mpf(o.mu) / (1 + mp.mpf(o.mu))
    for t in range(len(g)):
        s, step = g[t] + (o.decay * theta if penalised else 0), mp.mpf(0)
        if d < 0:
            step += -lr[t] * s if s > 0 else 0
            step += o.mu * d if s >= shrink * p else d * s / (p - s)
        elif d > 0:
            step += -lr[t] * s if s < 0 else 0
            step += o.mu * d if s <= shrink * p else d * s / (p - s)
        else:
            step += -lr[t] * s
        theta, d, p = theta + step, step, s
    return theta


def delta_bar_delta(o, lr, g, penalised):
    theta, rate = mp.mpf(START), lr[0]
    for t in range(len(g)):
        bar = average(o.rho, g[:t])
        rate = rate + o.kappa if g[t] * bar > 0 else rate
        rate = rate * (1 - o.phi) if g[t] * bar < 0 else rate
        theta -= rate * g[t]
    return theta


def supersab(o, lr, g, penalised):
    theta, rate, last, step = mp.mpf(START), lr[0], mp.mpf(0), mp.mpf(0)
    for value in g:
        if value * last < 0:
            theta, rate, last, step = theta - step, rate * o.down, mp.mpf(0), mp.mpf(0)
            continue
        rate = min(rate * o.up, o.most) if value * last > 0 else rate
        step = o.momentum * step - rate * value
        theta, last = theta + step, value
    return theta


def rprop(o, lr, g, penalised):
    theta, d, last, step = mp.mpf(START), lr[0], mp.mpf(0), mp.mpf(0)
    before = mp.mpf(0)
    for value, error in zip(g, errors(g), strict=True):
        now = value
        if now * last > 0:
            d = min(d * o.up, mp.mpf(o.most))
        elif now * last < 0:
            d = max(d * o.down, mp.mpf(o.least))
            if o.name != "rprop_minus":
                worse = o.name == "irprop_plus" and error > before
                theta -= step if o.name == "rprop_plus" or worse else 0
                now = mp.mpf(0)
        step = -mp.sign(now) * d
        theta, last, before = theta + step, now, error
    return theta


def errors(g):
    """E of every update, for optimisers that look at it: it grows and falls."""
    return [(3 * t) % 7 / 4 for t in range(len(g))]


ORACLES = {
    "adamax": adamax,
    "amsgrad": amsgrad,
    "adabelief": adabelief,
    "yogi": yogi,
    "nadam": nadam,
    "radam": radam,
    "lion": lion,
    "quickprop": quickprop,
    "delta_bar_delta": delta_bar_delta,
    "supersab": supersab,
    "rprop_minus": rprop,
    "irprop_minus": rprop,
    "rprop_plus": rprop,
    "irprop_plus": rprop,
    "sgd": lambda o, lr, g, p: scaled(lr, g, lambda g: 1),
    "momentum": lambda o, lr, g, p: START + mp.fsum(velocities(o.momentum, lr, g)),
    # Nesterov's own two points: phi moves by v, the gradient is taken at phi + mu v
    "nesterov": lambda o, lr, g, p: (
        START + mp.fsum(v := velocities(o.momentum, lr, g)) + o.momentum * v[-1]
    ),
    "adagrad": lambda o, lr, g, p: scaled(
        lr, g, lambda g: mp.sqrt(mp.fsum(v * v for v in g)) + o.eps
    ),
    "rmsprop": lambda o, lr, g, p: scaled(
        lr, g, lambda g: mp.sqrt(average(o.rho, [v * v for v in g])) + o.eps
    ),
    "adadelta": adadelta,
    "adam": lambda o, lr, g, p: adaptive(o, lr, g, p, 0),
    "adamw": lambda o, lr, g, p: adaptive(o, lr, g, p, o.weight_decay),
}
