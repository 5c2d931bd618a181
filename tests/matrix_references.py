"""The methods for matrices as plain NumPy float64 loops: the oracle of their tests.

Nothing here is shared with the library. A reference is `name(p, grads, learning_rate, …)`: p one matrix (output,
input), or a vector where the method has a rule for it; grads its gradients, step by step; the learning rate a number or
a schedule, a function of 0, 1, …. It returns the parameters after every step.
"""

import numpy as np


def at(value, t):
    return float(value(t - 1) if callable(value) else value)


JORDAN = ((3.4445, -4.7750, 2.0315),)


def newton_schulz(g, eps=1e-7, norm="add", rows=JORDAN, steps=5):
    size = np.sqrt(np.sum(g * g))
    x = g / (size + eps if norm == "add" else max(size, eps))
    if x.shape[0] > x.shape[1]:
        x = x.T
    for k in range(steps):
        a, (c1, c3, c5) = x @ x.T, rows[min(k, len(rows) - 1)]
        x = c1 * x + (c3 * a + c5 * a @ a) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def muon(
    p,
    grads,
    learning_rate,
    momentum=0.95,
    nesterov=True,
    weight_decay=None,
    scaling="original",
    norm="add",
    average="ema",
    eps=1e-7,
    orthogonalize="newton_schulz",
    ns_coeffs="standard",
    ns_steps=5,
):
    """Jordan et al. 2024; Liu et al. 2025."""
    m, out, (rows, columns) = np.zeros_like(p), [], p.shape
    quintics = JORDAN if ns_coeffs == "standard" else ns_coeffs
    for t, g in enumerate(grads, 1):
        alpha, mu = at(learning_rate, t), at(momentum, t)
        if average == "ema":
            m = mu * m + (1 - mu) * g
            d = mu * m + (1 - mu) * g if nesterov else m
        else:
            m = mu * m + g
            d = g + mu * m if nesterov else m
        if orthogonalize == "svd":
            u, _, vt = np.linalg.svd(d, full_matrices=False)
            o = u @ vt
        else:
            o = newton_schulz(d, eps, norm, quintics, ns_steps)
        s = {
            "original": np.sqrt(max(1, rows / columns)),
            "match_rms_adamw": 0.2 * np.sqrt(max(rows, columns)),
            "spectral": np.sqrt(rows / columns),
        }[scaling]
        p = p - alpha * (s * o + (0 if weight_decay is None else at(weight_decay, t)) * p)
        out.append(p)
    return np.array(out)


def scion(p, grads, learning_rate, momentum=0.1, scale=1.0, norm="spectral", constrained=True):
    """Pethick et al. 2025."""
    d, out = np.zeros_like(p), []
    for t, g in enumerate(grads, 1):
        alpha, mu = at(learning_rate, t), at(momentum, t)
        d = (1 - mu) * d + mu * g
        if norm == "spectral":
            o = newton_schulz(d) * np.sqrt(p.shape[0] / p.shape[1])
        elif norm == "sign":
            o = np.sign(d) / (p.shape[1] if p.ndim > 1 else 1)
        else:
            o = d / (np.sqrt(np.mean(d * d, axis=0, keepdims=True)) + 1e-8)
        p = (1 - alpha if constrained else 1) * p - alpha * at(scale, t) * o
        out.append(p)
    return np.array(out)


def normuon(p, grads, learning_rate, momentum=0.95, b2=0.95, eps=1e-8, weight_decay=None):
    """Li et al. 2025, Algorithm 1."""
    m, v, out = np.zeros_like(p), np.zeros((p.shape[0], 1)), []
    for t, g in enumerate(grads, 1):
        alpha, mu = at(learning_rate, t), at(momentum, t)
        m = mu * m + (1 - mu) * g
        o = newton_schulz(m)
        v = b2 * v + (1 - b2) * np.mean(o * o, axis=1, keepdims=True)
        h = o / (np.sqrt(v) + eps)
        s = 0.2 * np.sqrt(p.size) / np.sqrt(np.sum(h * h))
        p = p - alpha * (s * h + (0 if weight_decay is None else at(weight_decay, t)) * p)
        out.append(p)
    return np.array(out)


def eigenvectors(m):
    return np.linalg.eigh(m + 1e-30 * np.eye(len(m)))[1][:, ::-1]


def soap(
    p, grads, learning_rate, b1=0.95, b2=0.95, eps=1e-8, shampoo_beta=None, precondition_frequency=10, weight_decay=None
):
    """Vyas et al. 2024, Algorithm 3, as the authors' code has it: bases are sorted, and slots permuted with them."""
    sb, out = b2 if shampoo_beta is None else shampoo_beta, [p]
    m, v = np.zeros_like(p), np.zeros_like(p)
    left, right = (1 - sb) * grads[0] @ grads[0].T, (1 - sb) * grads[0].T @ grads[0]
    q_left, q_right = eigenvectors(left), eigenvectors(right)
    for t, g in enumerate(grads[1:], 2):
        alpha, k = at(learning_rate, t), t - 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * (q_left.T @ g @ q_right) ** 2
        n = q_left.T @ m @ q_right / (np.sqrt(v) + eps)
        p = p - alpha * np.sqrt(1 - b2**k) / (1 - b1**k) * q_left @ n @ q_right.T
        p = p * (1 - alpha * (0 if weight_decay is None else at(weight_decay, t)))
        left, right = sb * left + (1 - sb) * g @ g.T, sb * right + (1 - sb) * g.T @ g
        if k % precondition_frequency == 0:
            order = np.argsort(-np.diag(q_left.T @ left @ q_left), kind="stable")
            v, q_left = v[order], np.linalg.qr(left @ q_left[:, order])[0]
            order = np.argsort(-np.diag(q_right.T @ right @ q_right), kind="stable")
            v, q_right = v[:, order], np.linalg.qr(right @ q_right[:, order])[0]
        out.append(p)
    return np.array(out)


def power(m, p):
    values, vectors = np.linalg.eigh(m)
    return (vectors * values**p) @ vectors.T


def shampoo(p, grads, learning_rate, eps=1e-4, exponent=None):
    """Gupta, Koren & Singer 2018, Algorithm 1; a vector has its full matrix."""
    out, is_vector = [], p.ndim == 1
    left, right = eps * np.eye(len(p)), eps * np.eye(p.shape[-1])
    for t, g in enumerate(grads, 1):
        if is_vector:
            left = left + np.outer(g, g)
            step = power(left, -0.5 if exponent is None else exponent) @ g
        else:
            left, right = left + g @ g.T, right + g.T @ g
            e = -0.25 if exponent is None else exponent
            step = power(left, e) @ g @ power(right, e)
        p = p - at(learning_rate, t) * step
        out.append(p)
    return np.array(out)


def galore(p, grads, learning_rate, rank=2, scale=0.25, b1=0.9, b2=0.999, eps=1e-6, update_interval=200):
    """Zhao et al. 2024, Algorithm 2."""
    out, m, v, right = [], 0.0, 0.0, p.shape[0] >= p.shape[1]
    for t, g in enumerate(grads, 1):
        if (t - 1) % update_interval == 0:
            u, _, vt = np.linalg.svd(g, full_matrices=False)
            basis = vt[:rank].T if right else u[:, :rank]
        r = g @ basis if right else basis.T @ g
        m = b1 * m + (1 - b1) * r
        v = b2 * v + (1 - b2) * r * r
        n = np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps)
        p = p - at(learning_rate, t) * scale * (n @ basis.T if right else basis @ n)
        out.append(p)
    return np.array(out)
