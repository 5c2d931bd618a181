"""The equations of signs and of Adam's later relatives as plain NumPy float64 loops: the oracle of the tests.

As in references.py, nothing here is shared with the library, and textbook forms are kept on purpose. A reference is
`name(p, grad_fn, steps, learning_rate, …)` and returns the parameters after every step. Here every number may be a
schedule, a function of t − 1, and p is one array of any shape.
"""

import numpy as np
from references import at, begin, floor


def descend(p, grad_fn, steps, learning_rate, weight_decay, mode, base, step):
    """θ ← θ − α·step(g, θ, t), with decay."""
    p, out = np.asarray(p, np.float64), []
    for t in range(1, steps + 1):
        inside = mode if mode in ("l2", "decoupled", "independent") else "decoupled"
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, inside, base)
        u = step(g, p, t)
        if weight_decay is not None and mode == "proximal":
            p = (p - alpha * u) / (1 + alpha * at(weight_decay, t))
        elif weight_decay is not None and mode == "cautious":
            p = p - alpha * u - shrink * (np.sign(u) * np.sign(p) >= 0)
        else:
            p = p - alpha * u - shrink
        out.append(p)
    return np.array(out)


class Mean:
    """An average, by itself and divided by what it has gathered."""

    def __init__(self):
        self.m, self.rest = 0.0, 1.0

    def __call__(self, x, b):
        self.m, self.rest = b * self.m + (1 - b) * x, self.rest * b
        return self.m

    def debiased(self, x, b, t):
        return self(x, b) / (1 - b**t)


class AdamStep:
    """m̂/(√v̂ + ε)."""

    def __init__(self, b1, b2, eps):
        self.b1, self.b2, self.eps, self.m, self.v = b1, b2, eps, Mean(), Mean()

    def __call__(self, g, t):
        m = self.m.debiased(g, at(self.b1, t), t)
        v = self.v.debiased(g * g, at(self.b2, t), t)
        return m / (np.sqrt(floor(v)) + at(self.eps, t))


def lion(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.99, weight_decay=None, weight_decay_mode="decoupled",
         base_learning_rate=None):
    """Chen et al. 2023, Algorithm 2."""
    m = np.zeros_like(p)

    def step(g, _, t):
        nonlocal m
        u = np.sign(at(b1, t) * m + (1 - at(b1, t)) * g)
        m = at(b2, t) * m + (1 - at(b2, t)) * g
        return u

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def signum(p, grad_fn, steps, learning_rate, momentum=0.9, weight_decay=None, weight_decay_mode="decoupled",
           base_learning_rate=None):
    """Bernstein et al. 2018."""
    m = Mean()
    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate,
                   lambda g, _, t: np.sign(m(g, at(momentum, t))))


class MarsGradient:
    """Yuan et al. 2024: the corrected gradient, no longer than 1."""

    def __init__(self, b1, gamma):
        self.b1, self.gamma, self.before = b1, gamma, 0.0

    def __call__(self, g, t):
        b = at(self.b1, t)
        c = g + at(self.gamma, t) * b / (1 - b) * (g - self.before)
        self.before = g
        return c / max(1.0, np.linalg.norm(c))


def mars_lion(p, grad_fn, steps, learning_rate, b1=0.95, gamma=0.025, weight_decay=None,
              weight_decay_mode="decoupled", base_learning_rate=None):
    """Yuan et al. 2024."""
    corrected, m = MarsGradient(b1, gamma), Mean()
    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate,
                   lambda g, _, t: np.sign(m(corrected(g, t), at(b1, t))))


def mars_adamw(p, grad_fn, steps, learning_rate, b1=0.95, b2=0.99, gamma=0.025, eps=1e-8, weight_decay=None,
               weight_decay_mode="decoupled", base_learning_rate=None):
    """Yuan et al. 2024, Algorithm 2."""
    corrected, adam = MarsGradient(b1, gamma), AdamStep(b1, b2, eps)
    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate,
                   lambda g, _, t: adam(corrected(g, t), t))


def nadamw(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=None,
           weight_decay_mode="decoupled", base_learning_rate=None):
    """Dahl et al. 2023."""
    m, v = Mean(), Mean()

    def step(g, _, t):
        b = at(b1, t)
        d = (b * m(g, b) + (1 - b) * g) / (1 - b**t)
        return d / (np.sqrt(floor(v.debiased(g * g, at(b2, t), t))) + at(eps, t))

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def ademamix(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, b3=0.9999, alpha=5.0, eps=1e-8, warmup=None,
             weight_decay=None, weight_decay_mode="decoupled", base_learning_rate=None):
    """Pagliardini et al. 2024, Algorithm 1."""
    fast, slow, v = Mean(), Mean(), Mean()

    def f(b):
        return np.log(0.5) / np.log(b + 1e-8) - 1

    def step(g, _, t):
        weight, b = at(alpha, t), at(b3, t)
        if warmup is not None and t < warmup:
            a = t / warmup
            weight, b = a * weight, 0.5 ** (1 / ((1 - a) * f(at(b1, t)) + a * f(b) + 1))
        direction = fast.debiased(g, at(b1, t), t) + weight * slow(g, b)
        return direction / (np.sqrt(floor(v.debiased(g * g, at(b2, t), t))) + at(eps, t))

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def simplified_ademamix(p, grad_fn, steps, learning_rate, b1=0.99, b2=0.95, alpha=0.0, eps=1e-8, weight_decay=None,
                        weight_decay_mode="decoupled", base_learning_rate=None):
    """Morwani et al. 2025."""
    m, v = np.zeros_like(p), Mean()

    def step(g, _, t):
        nonlocal m
        m = at(b1, t) * m + g
        return (m + at(alpha, t) * g) / (np.sqrt(floor(v.debiased(g * g, at(b2, t), t))) + at(eps, t))

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def adopt(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.9999, eps=1e-6, clip=True, weight_decay=None,
          weight_decay_mode="decoupled", base_learning_rate=None):
    """Taniguchi et al. 2024, Algorithm 2."""
    p, out, m, v = np.asarray(p, np.float64), [], np.zeros_like(p), None
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode, base_learning_rate)
        if t == 1:
            v = g * g
        else:
            n = g / np.maximum(np.sqrt(floor(v)), at(eps, t))
            limit = (t - 1) ** 0.25
            n = np.clip(n, -limit, limit) if clip else n
            m = at(b1, t) * m + (1 - at(b1, t)) * n
            p = p - shrink - alpha * m
            v = at(b2, t) * v + (1 - at(b2, t)) * g * g
        out.append(p)
    return np.array(out)


def laprop(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-15, weight_decay=None,
           weight_decay_mode="decoupled", base_learning_rate=None):
    """Ziyin, Wang & Ueda 2020, with α outside the average."""
    m, v = Mean(), Mean()

    def step(g, _, t):
        n = g / (np.sqrt(floor(v.debiased(g * g, at(b2, t), t))) + at(eps, t))
        return m.debiased(n, at(b1, t), t)

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def adan(p, grad_fn, steps, learning_rate, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, weight_decay=None,
         weight_decay_mode="proximal", base_learning_rate=None):
    """Xie et al. 2022, with the authors' β."""
    m, w, n, before = Mean(), Mean(), Mean(), None

    def step(g, _, t):
        nonlocal before
        delta, b, before = 0.0 * g if before is None else g - before, at(b2, t), g
        direction = m.debiased(g, at(b1, t), t) + b * w.debiased(delta, b, t)
        return direction / (np.sqrt(floor(n.debiased((g + b * delta) ** 2, at(b3, t), t))) + at(eps, t))

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def adam_atan2(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.99, a=1.27, b=1.0, weight_decay=None,
               weight_decay_mode="decoupled", base_learning_rate=None):
    """Everett et al. 2024."""
    m, v = Mean(), Mean()

    def step(g, _, t):
        root = np.sqrt(floor(v.debiased(g * g, at(b2, t), t)))
        return at(a, t) * np.arctan2(m.debiased(g, at(b1, t), t), at(b, t) * root)

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def masked(u, g, variant):
    """Liang et al. 2024: no step against the gradient."""
    k = (np.sign(u) * np.sign(g) > 0).astype(float)
    return u * k / max(k.mean(), 1e-3) if variant == "mean" else u * k * k.size / (k.sum() + 1)


def cautious_adamw(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, variant="mean", weight_decay=None,
                   weight_decay_mode="decoupled", base_learning_rate=None):
    """Liang et al. 2024, Algorithm 1."""
    adam = AdamStep(b1, b2, eps)
    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate,
                   lambda g, _, t: masked(adam(g, t), g, variant))


def cautious_lion(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.99, variant="plus_one", weight_decay=None,
                  weight_decay_mode="decoupled", base_learning_rate=None):
    """Liang et al. 2024."""
    m = np.zeros_like(p)

    def step(g, _, t):
        nonlocal m
        u = np.sign(at(b1, t) * m + (1 - at(b1, t)) * g)
        m = at(b2, t) * m + (1 - at(b2, t)) * g
        return masked(u, g, variant)

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def cautious_decay_adamw(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.1,
                         weight_decay_mode="cautious", base_learning_rate=None):
    """Chen et al. 2025, Algorithm 1."""
    adam = AdamStep(b1, b2, eps)
    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate,
                   lambda g, _, t: adam(g, t))


def grams(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=None,
          weight_decay_mode="decoupled", base_learning_rate=None):
    """Cao et al. 2024, Algorithm 1."""
    m, v = Mean(), Mean()

    def step(g, _, t):
        size = np.abs(m(g, at(b1, t))) / (np.sqrt(floor(v(g * g, at(b2, t)))) + at(eps, t))
        return np.sqrt(1 - at(b2, t) ** t) / (1 - at(b1, t) ** t) * np.sign(g) * size

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def grokfast_adamw(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.99, alpha=0.98, lam=2.0, eps=1e-8,
                   weight_decay=None, weight_decay_mode="decoupled", base_learning_rate=None):
    """Lee et al. 2024, Algorithm 1."""
    adam, e = AdamStep(b1, b2, eps), None

    def step(g, _, t):
        nonlocal e
        e = g if e is None else at(alpha, t) * e + (1 - at(alpha, t)) * g
        return adam(g + at(lam, t) * e, t)

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def qhm(p, grad_fn, steps, learning_rate, momentum=0.999, nu=0.7, weight_decay=None, weight_decay_mode="decoupled",
        base_learning_rate=None):
    """Ma & Yarats 2018, Section 3."""
    m = Mean()
    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate,
                   lambda g, _, t: (1 - at(nu, t)) * g + at(nu, t) * m(g, at(momentum, t)))


def qhadam(p, grad_fn, steps, learning_rate, b1=0.995, b2=0.999, nu1=0.7, nu2=1.0, eps=1e-8, weight_decay=None,
           weight_decay_mode="decoupled", base_learning_rate=None):
    """Ma & Yarats 2018, Section 4."""
    m, v = Mean(), Mean()

    def step(g, _, t):
        direction = (1 - at(nu1, t)) * g + at(nu1, t) * m.debiased(g, at(b1, t), t)
        square = (1 - at(nu2, t)) * g * g + at(nu2, t) * v.debiased(g * g, at(b2, t), t)
        return direction / (np.sqrt(floor(square)) + at(eps, t))

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def padam(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, partial=0.25, eps=1e-8, weight_decay=None,
          weight_decay_mode="decoupled", base_learning_rate=None):
    """Chen et al. 2018, Algorithm 1, without the maximum."""
    m, v = Mean(), Mean()

    def step(g, _, t):
        power = (np.sqrt(floor(v(g * g, at(b2, t)))) + at(eps, t)) ** (2 * at(partial, t))
        return np.sqrt(1 - at(b2, t) ** t) / (1 - at(b1, t) ** t) * m(g, at(b1, t)) / power

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def adamax(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=None,
           weight_decay_mode="decoupled", base_learning_rate=None):
    """Kingma & Ba 2014, Algorithm 2, with ε inside the maximum."""
    m, u = Mean(), np.zeros_like(p)

    def step(g, _, t):
        nonlocal u
        u = np.maximum(at(b2, t) * u, np.abs(g) + at(eps, t))
        return m.debiased(g, at(b1, t), t) / floor(u)

    return descend(p, grad_fn, steps, learning_rate, weight_decay, weight_decay_mode, base_learning_rate, step)


def madgrad(p, grad_fn, steps, learning_rate, momentum=0.9, eps=1e-6, weight_decay=None,
            weight_decay_mode="decoupled", base_learning_rate=None):
    """Defazio & Jelassi 2021, Algorithm 1, with the authors' code's ε in λ."""
    p = np.asarray(p, np.float64)
    first, out, s, v = p, [], np.zeros_like(p), np.zeros_like(p)
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode, base_learning_rate)
        lam, c = (alpha + at(eps, t)) * np.sqrt(t), at(momentum, t)
        s, v = s + lam * g, v + lam * g * g
        z = first - s / floor(np.cbrt(v) + at(eps, t))
        p = c * p + (1 - c) * z - shrink
        out.append(p)
    return np.array(out)


def hyperball_adam(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.95, eps=1e-8):
    """Wen 2025."""
    p = np.asarray(p, np.float64)
    adam, radius, out = AdamStep(b1, b2, eps), np.linalg.norm(p), []
    for t in range(1, steps + 1):
        u = adam(np.asarray(grad_fn(p, t - 1), np.float64), t)
        n = np.linalg.norm(u)
        y = p - at(learning_rate, t) * radius * (u / n if n else u)
        p = y * radius / np.linalg.norm(y) if np.any(y) else y
        out.append(p)
    return np.array(out)


def adamp(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, delta=0.1, wd_ratio=0.1, output_axis=-1,
          weight_decay=None, weight_decay_mode="decoupled", base_learning_rate=None):
    """Heo et al. 2020, Algorithm 2."""
    adam, p, out = AdamStep(b1, b2, eps), np.asarray(p, np.float64), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode, base_learning_rate)
        u, e = adam(g, t), at(eps, t)
        if p.ndim > 1:
            order = np.moveaxis(np.arange(p.size).reshape(p.shape), output_axis, 0)
            for rows in (order.reshape(order.shape[0], -1), order.reshape(1, -1)):
                cosines = [
                    abs(p.flat[r] @ g.flat[r])
                    / (max(np.linalg.norm(p.flat[r]), e) * max(np.linalg.norm(g.flat[r]), e) or 1.0)
                    for r in rows
                ]
                if max(cosines) < at(delta, t) / np.sqrt(rows.shape[1]):
                    flat = u.reshape(-1).copy()
                    for r in rows:
                        along = p.flat[r] / (np.linalg.norm(p.flat[r]) + e or 1.0)
                        flat[r] -= along * (along @ flat[r])
                    u, shrink = flat.reshape(u.shape), shrink * at(wd_ratio, t)
                    break
        p = p - alpha * u - shrink
        out.append(p)
    return np.array(out)
