"""Every method's equations as a plain NumPy float64 loop: the oracle of the tests.

Nothing here is shared with the library, and the textbook forms (b·m + (1 − b)·g, 1 − b**t) are
kept on purpose. A reference is `name(p, grad_fn, steps, learning_rate, …)`: p is a 1-D float64
array, grad_fn(p, t0) the gradient at the 0-based step t0, and the learning rate and the weight
decay are numbers or schedules (functions of t0). It returns the parameters after every step,
shape (steps,) + p.shape. Inside the loops t counts from 1, as in the papers.
"""

import numpy as np


def at(value, t):
    """A number, or a schedule at step t: schedules count from 0."""
    return float(value(t - 1) if callable(value) else value)


def relative(learning_rate, base_learning_rate, t):
    """α_t/α_0: how far the schedule has moved from the base learning rate."""
    if base_learning_rate is None and callable(learning_rate):
        raise ValueError("a schedule needs base_learning_rate here")
    return 1.0 if base_learning_rate is None else at(learning_rate, t) / base_learning_rate


def begin(p, grad_fn, t, learning_rate, weight_decay, mode, base_learning_rate):
    """α_t, the gradient (with l2 decay in it), and what decay outside the gradient takes off p."""
    alpha, g, shrink = at(learning_rate, t), np.asarray(grad_fn(p, t - 1), np.float64), 0.0
    if weight_decay is None:
        return alpha, g, shrink
    lam = at(weight_decay, t)
    if mode == "l2":
        g = g + lam * p
    elif mode == "decoupled":
        shrink = alpha * lam * p
    elif mode == "independent":
        shrink = relative(learning_rate, base_learning_rate, t) * lam * p
    else:
        raise ValueError(f"weight_decay_mode={mode!r}")
    return alpha, g, shrink


def floor(v):
    """v, or the smallest normal number: 0/√0 is then 0. Below every ε in use it changes nothing."""
    return np.maximum(v, np.finfo(np.float64).tiny)


# Gradient descent and momentum.


def sgd(p, grad_fn, steps, learning_rate, momentum=None, nesterov=False, weight_decay=None,
        weight_decay_mode="l2", base_learning_rate=None):
    """Chen, Zhang & Li 2022, Algorithm 1; with momentum as optax.sgd has it."""
    m, out = np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        if momentum is not None:
            m = momentum * m + g
            g = g + momentum * m if nesterov else m
        p = p - alpha * g - shrink
        out.append(p)
    return np.array(out)


def momentum(p, grad_fn, steps, learning_rate, momentum=0.9, lr_inside=False, weight_decay=None,
             weight_decay_mode="l2", base_learning_rate=None):
    """Polyak 1964; Chen, Zhang & Li 2022, Algorithm 2. lr_inside: v ← βv − αg; θ ← θ + v."""
    m, v, out = np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        if lr_inside:
            v = momentum * v - alpha * g
            p = p + v - shrink
        else:
            m = momentum * m + g
            p = p - alpha * m - shrink
        out.append(p)
    return np.array(out)


def ema_momentum(p, grad_fn, steps, learning_rate, momentum=0.9, bias_correction=True,
                 weight_decay=None, weight_decay_mode="l2", base_learning_rate=None):
    """Momentum as an average, m ← βm + (1 − β)g: the first half of Adam."""
    m, out = np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = momentum * m + (1 - momentum) * g
        m_hat = m / (1 - momentum**t) if bias_correction else m
        p = p - alpha * m_hat - shrink
        out.append(p)
    return np.array(out)


def nag(p, grad_fn, steps, learning_rate, momentum=0.9, lr_inside=False, weight_decay=None,
        weight_decay_mode="l2", base_learning_rate=None):
    """Nesterov 1983 as torch writes it. lr_inside: m ← βm + α∇(θ − βm); θ ← θ − m."""
    m, theta, out = np.zeros_like(p), p, []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        if lr_inside:
            m = momentum * m + alpha * g
            theta = theta - m - shrink
            # What an optimizer holds, and what is returned, is where the next gradient is taken.
            p = theta - momentum * m
        else:
            m = momentum * m + g
            p = p - alpha * (g + momentum * m) - shrink
        out.append(p)
    return np.array(out)


def sgdw(p, grad_fn, steps, learning_rate, momentum=0.9, lr_inside=False, weight_decay=1e-4,
         weight_decay_mode="independent", base_learning_rate=None):
    """Loshchilov & Hutter 2017 (arXiv 1711.05101), Algorithm 1."""
    m, out = np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        if lr_inside:
            m = momentum * m + alpha * g
            p = p - m - shrink
        else:
            m = momentum * m + g
            p = p - alpha * m - shrink
        out.append(p)
    return np.array(out)


# One rate per parameter.


def adagrad(p, grad_fn, steps, learning_rate, initial_accumulator_value=0.0, eps=0.0,
            eps_root=1e-8, weight_decay=None, weight_decay_mode="decoupled",
            base_learning_rate=None):
    """Duchi, Hazan & Singer 2011; Chen, Zhang & Li 2022, Algorithm 4."""
    G, out = np.full_like(p, initial_accumulator_value), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        G = G + g**2
        p = p - alpha * g / (np.sqrt(floor(G) + eps_root) + eps) - shrink
        out.append(p)
    return np.array(out)


def rmsprop(p, grad_fn, steps, learning_rate, decay=0.9, eps=0.0, eps_root=1e-8, momentum=None,
            nesterov=False, centered=False, bias_correction=False, initial="zeros",
            weight_decay=None, weight_decay_mode="decoupled", base_learning_rate=None):
    """Hinton 2012; Chen, Zhang & Li 2022, Algorithm 5; centered: Graves 2013 (arXiv 1308.0850)."""
    m, v, b, out = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = decay * m + (1 - decay) * g
        v = decay * v + (1 - decay) * g**2
        if initial == "first_gradient" and t == 1:
            v = g**2
        c = 1 - decay**t if bias_correction else 1.0
        v_hat = v / c - (m / c) ** 2 if centered else v / c
        u = g / (np.sqrt(floor(v_hat) + eps_root) + eps)
        if momentum is not None:
            b = momentum * b + u
            u = u + momentum * b if nesterov else b
        p = p - alpha * u - shrink
        out.append(p)
    return np.array(out)


def adadelta(p, grad_fn, steps, learning_rate=1.0, rho=0.9, eps=1e-6, weight_decay=None,
             weight_decay_mode="decoupled", base_learning_rate=None):
    """Zeiler 2012 (arXiv 1212.5701), Algorithm 1."""
    r, u, out = np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        r = rho * r + (1 - rho) * g**2
        delta = np.sqrt(u + eps) / np.sqrt(floor(r) + eps) * g
        u = rho * u + (1 - rho) * delta**2
        p = p - alpha * delta - shrink
        out.append(p)
    return np.array(out)


# Adam and the methods that change one word of it.


def adam(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
         bias_correction=True, weight_decay=None, weight_decay_mode="decoupled",
         base_learning_rate=None):
    """Kingma & Ba 2014 (arXiv 1412.6980), Algorithm 1."""
    m, v, out = np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t) if bias_correction else m
        v_hat = v / (1 - b2**t) if bias_correction else v
        p = p - alpha * m_hat / (np.sqrt(floor(v_hat) + eps_root) + eps) - shrink
        out.append(p)
    return np.array(out)


def adamw(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
          bias_correction=True, weight_decay=1e-4, weight_decay_mode="decoupled",
          base_learning_rate=None):
    """Loshchilov & Hutter 2017 (arXiv 1711.05101), Algorithm 2."""
    m, v, out = np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t) if bias_correction else m
        v_hat = v / (1 - b2**t) if bias_correction else v
        p = p - alpha * m_hat / (np.sqrt(floor(v_hat) + eps_root) + eps) - shrink
        out.append(p)
    return np.array(out)


def amsgrad(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
            bias_correction=True, variant="survey", weight_decay=None,
            weight_decay_mode="decoupled", base_learning_rate=None):
    """Chen, Zhang & Li 2022, Algorithm 8; paper: Reddi et al. 2018 (arXiv 1904.09237); torch."""
    m, v, top, out = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        c1 = 1 - b1**t if bias_correction else 1.0
        c2 = 1 - b2**t if bias_correction else 1.0
        if variant == "survey":
            top = np.maximum(top, v / c2)
            m_hat, v_hat = m / c1, top
        elif variant == "paper":
            top = np.maximum(top, v)
            m_hat, v_hat = m, top
        elif variant == "torch":
            top = np.maximum(top, v)
            m_hat, v_hat = m / c1, top / c2
        p = p - alpha * m_hat / (np.sqrt(floor(v_hat) + eps_root) + eps) - shrink
        out.append(p)
    return np.array(out)


def nadam(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
          bias_correction=True, momentum_decay=4e-3, variant="dozat", weight_decay=None,
          weight_decay_mode="decoupled", base_learning_rate=None):
    """Dozat 2016, Algorithm 2, and its forms with a constant β₁: optax's and Ruder's (2016)."""
    m, v, product, out = np.zeros_like(p), np.zeros_like(p), 1.0, []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        if variant == "dozat":
            mu = b1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
            mu_next = b1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
            product = product * mu
            c_m, c_g = 1 - product * mu_next, 1 - product
        elif variant == "optax":
            mu, mu_next, c_m, c_g = b1, b1, 1 - b1 ** (t + 1), 1 - b1**t
        elif variant == "ruder":
            mu, mu_next, c_m, c_g = b1, b1, 1 - b1**t, 1 - b1**t
        if not bias_correction:
            c_m, c_g = 1.0, 1.0
        m_bar = mu_next * m / c_m + (1 - mu) * g / c_g
        v_hat = v / (1 - b2**t) if bias_correction else v
        p = p - alpha * m_bar / (np.sqrt(floor(v_hat) + eps_root) + eps) - shrink
        out.append(p)
    return np.array(out)


def radam(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
          bias_correction=True, threshold=4.0, variant="survey", weight_decay=None,
          weight_decay_mode="decoupled", base_learning_rate=None):
    """Liu et al. 2019 (arXiv 1908.03265), Algorithm 2; Chen, Zhang & Li 2022, Algorithm 14."""
    m, v, out = np.zeros_like(p), np.zeros_like(p), []
    rho_inf = 2 / (1 - b2) - 1
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t) if bias_correction else m
        c2 = 1 - b2**t if bias_correction else 1.0
        rho = rho_inf - 2 * t * b2**t / (1 - b2**t)
        adaptive = rho >= threshold if variant == "authors" else rho > threshold
        if adaptive and rho_inf > 4:
            r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            if variant == "survey":
                root = np.sqrt(floor(v / c2) + eps_root) + eps
            else:  # ε joins before the bias correction
                root = (np.sqrt(floor(v) + eps_root) + eps) / np.sqrt(c2)
            p = p - alpha * r * m_hat / root - shrink
        elif variant != "authors":  # the authors' code does nothing here, decay included
            p = p - alpha * m_hat - shrink
        out.append(p)
    return np.array(out)


def yogi(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-3,
         initial_accumulator_value=0.0, variant="survey", weight_decay=None,
         weight_decay_mode="decoupled", base_learning_rate=None):
    """Zaheer et al. 2018, Algorithm 2; survey and authors add Adam's bias correction to it."""
    m, v, out = np.zeros_like(p), np.full_like(p, initial_accumulator_value), []
    if variant == "authors":
        m = np.full_like(p, initial_accumulator_value)
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        # The paper's minus: Chen, Zhang & Li 2022 print a plus, which is NaN at the first step.
        v = v - (1 - b2) * np.sign(v - g**2) * g**2
        m_hat = m if variant == "paper" else m / (1 - b1**t)
        v_hat = v if variant == "paper" else v / (1 - b2**t)
        p = p - alpha * m_hat / (np.sqrt(floor(v_hat)) + eps) - shrink
        out.append(p)
    return np.array(out)


def adabelief(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-16, eps_root=1e-16,
              variant="survey", weight_decay=None, weight_decay_mode="decoupled",
              base_learning_rate=None):
    """Zhuang et al. 2020 (arXiv 2010.07468), Algorithm 2; authors: rectified as RAdam is."""
    m, s, out = np.zeros_like(p), np.zeros_like(p), []
    rho_inf = 2 / (1 - b2) - 1
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        m_hat = m / (1 - b1**t)
        s = b2 * s + (1 - b2) * (g - m) ** 2 + eps_root  # ε stays in the state, so it accumulates
        if variant == "survey":
            p = p - alpha * m_hat / (np.sqrt(floor(s / (1 - b2**t))) + eps) - shrink
        elif variant == "authors":
            rho = rho_inf - 2 * t * b2**t / (1 - b2**t)
            if rho >= 5 and rho_inf > 4:
                r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
                root = (np.sqrt(floor(s)) + eps) / np.sqrt(1 - b2**t)
                p = p - alpha * r * m_hat / root - shrink
            else:
                p = p - alpha * m_hat - shrink
        out.append(p)
    return np.array(out)


def diffgrad(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
             bias_correction=True, variant="survey", weight_decay=None,
             weight_decay_mode="decoupled", base_learning_rate=None):
    """Dubey et al. 2019 (arXiv 1909.11015); Chen, Zhang & Li 2022, Algorithm 10."""
    m, v, g1, out = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t) if bias_correction else m
        c2 = 1 - b2**t if bias_correction else 1.0
        xi = 1 / (1 + np.exp(-np.abs(g1 - g)))
        if variant == "survey":
            root = np.sqrt(floor(v / c2) + eps_root) + eps
        elif variant == "authors":
            root = (np.sqrt(floor(v) + eps_root) + eps) / np.sqrt(c2)
        p = p - alpha * xi * m_hat / root - shrink
        g1 = g
        out.append(p)
    return np.array(out)


def adadb(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
          bias_correction=True, b3=0.9, lam=0.5, variant="survey", weight_decay=None,
          weight_decay_mode="decoupled", base_learning_rate=None):
    """Khan, Jawad & Khan 2021 (IEEE Access 9:99581); Chen, Zhang & Li 2022, Algorithm 11."""
    m, v, out = np.zeros_like(p), np.zeros_like(p), []
    g1, g2, g3 = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t) if bias_correction else m
        v_hat = v / (1 - b2**t) if bias_correction else v
        # b3, lam and the sign rule at zero are nowhere in print; "printed" has b2 for b3 once.
        middle = b2 if variant == "printed" else b3
        delta = b3 * (g1 - g) + middle**2 * (g2 - g1) + b3**3 * (g3 - g2)
        sigmoid = 1 / (1 + np.exp(-np.abs(delta)))
        xi = np.where(g * g1 >= 0, 1 + lam * sigmoid, sigmoid)
        p = p - alpha * xi * m_hat / (np.sqrt(floor(v_hat) + eps_root) + eps) - shrink
        g1, g2, g3 = g, g1, g2
        out.append(p)
    return np.array(out)


# The learning rate inside: bounded, or averaged.


def adabound(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, final_learning_rate=0.1,
             gamma=1e-3, eps=1e-8, variant="authors", lower=None, upper=None, weight_decay=None,
             weight_decay_mode="decoupled", base_learning_rate=None):
    """Luo et al. 2019 (arXiv 1902.09843), Algorithm 2 (survey); authors: their released code."""
    m, v, out = np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        low = lower(t) if lower else final_learning_rate * (1 - 1 / (gamma * t + 1))
        high = upper(t) if upper else final_learning_rate * (1 + 1 / (gamma * t))
        if variant == "authors":
            scale = relative(learning_rate, base_learning_rate, t)
            eta = alpha * np.sqrt(1 - b2**t) / (1 - b1**t) / (np.sqrt(floor(v)) + eps)
            eta = np.clip(eta, low * scale, high * scale)
        elif variant == "survey":
            eta = np.clip(alpha / np.sqrt(floor(v)), low, high) / np.sqrt(t)
        p = p - eta * m - shrink
        out.append(p)
    return np.array(out)


def amsbound(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, final_learning_rate=0.1,
             gamma=1e-3, eps=1e-8, variant="authors", lower=None, upper=None, weight_decay=None,
             weight_decay_mode="decoupled", base_learning_rate=None):
    """Luo et al. 2019 (arXiv 1902.09843), Algorithm 3 (survey); authors: their released code."""
    m, v, top, out = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        top = np.maximum(top, v)
        low = lower(t) if lower else final_learning_rate * (1 - 1 / (gamma * t + 1))
        high = upper(t) if upper else final_learning_rate * (1 + 1 / (gamma * t))
        if variant == "authors":
            scale = relative(learning_rate, base_learning_rate, t)
            eta = alpha * np.sqrt(1 - b2**t) / (1 - b1**t) / (np.sqrt(floor(top)) + eps)
            eta = np.clip(eta, low * scale, high * scale)
        elif variant == "survey":
            eta = np.clip(alpha / np.sqrt(floor(top)), low, high) / np.sqrt(t)
        p = p - eta * m - shrink
        out.append(p)
    return np.array(out)


def adamod(p, grad_fn, steps, learning_rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
           bias_correction=True, b3=0.999, variant="survey", weight_decay=None,
           weight_decay_mode="decoupled", base_learning_rate=None):
    """Ding et al. 2019 (arXiv 1910.12249), Algorithm 1; authors: their released code."""
    m, v, s, out = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        c1 = 1 - b1**t if bias_correction else 1.0
        c2 = 1 - b2**t if bias_correction else 1.0
        if variant == "survey":
            m_hat = m / c1
            eta = alpha / (np.sqrt(floor(v / c2) + eps_root) + eps)
        elif variant == "authors":  # the correction of m is inside the rate, hence averaged
            m_hat = m
            eta = alpha * np.sqrt(c2) / c1 / (np.sqrt(floor(v) + eps_root) + eps)
        s = b3 * s + (1 - b3) * eta
        p = p - np.minimum(eta, s) * m_hat - shrink
        out.append(p)
    return np.array(out)


# Lookahead.


def lookahead(p, grad_fn, steps, learning_rate, inner="adam", sync_period=5, slow_step_size=0.5,
              inner_state="keep", momentum=0.9, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0,
              bias_correction=True, weight_decay=None, weight_decay_mode=None,
              base_learning_rate=None):
    """Zhang et al. 2019 (arXiv 1907.08610), Algorithm 1, around "momentum" or "adam"."""
    mode = weight_decay_mode or {"momentum": "l2", "adam": "decoupled"}[inner]
    m, v, cache, phi, out = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), p, []
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, mode,
                                 base_learning_rate)
        if inner == "momentum":
            m = momentum * m + g
            p = p - alpha * m - shrink
        elif inner == "adam":
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g**2
            m_hat = m / (1 - b1**t) if bias_correction else m
            v_hat = v / (1 - b2**t) if bias_correction else v
            p = p - alpha * m_hat / (np.sqrt(floor(v_hat) + eps_root) + eps) - shrink
        if t % sync_period == 0:
            phi = phi + slow_step_size * (p - phi)
            p = phi
            if inner_state == "reset":
                m = np.zeros_like(p)
            elif inner_state == "pullback":
                m = slow_step_size * m + (1 - slow_step_size) * cache
                cache = m
        out.append(p)
    return np.array(out)


def ranger(p, grad_fn, steps, learning_rate, b1=0.95, b2=0.999, eps=1e-5, sync_period=6,
           slow_step_size=0.5, weight_decay=None, weight_decay_mode="decoupled",
           base_learning_rate=None):
    """Lookahead around RAdam (torch's, threshold 5), as the package pytorch_ranger has it."""
    m, v, phi, out = np.zeros_like(p), np.zeros_like(p), p, []
    rho_inf = 2 / (1 - b2) - 1
    for t in range(1, steps + 1):
        alpha, g, shrink = begin(p, grad_fn, t, learning_rate, weight_decay, weight_decay_mode,
                                 base_learning_rate)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t)
        rho = rho_inf - 2 * t * b2**t / (1 - b2**t)
        if rho > 5:
            r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            p = p - alpha * r * m_hat * np.sqrt(1 - b2**t) / (np.sqrt(floor(v)) + eps) - shrink
        else:
            p = p - alpha * m_hat - shrink
        if t % sync_period == 0:
            phi = phi + slow_step_size * (p - phi)
            p = phi
        out.append(p)
    return np.array(out)
