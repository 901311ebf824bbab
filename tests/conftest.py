"""Settings of all tests.

Hypothesis draws the same examples in every run (`derandomize`), so a test that fails here fails everywhere.
The profile is "default", "deep" (`make test-deep`) or "no_jit" (interpreted kernels are about a hundred times slower);
`HYPOTHESIS_PROFILE` chooses, and NUMBA_DISABLE_JIT=1 chooses "no_jit" by itself.
Large data sets outside the repository are found by `tests.data_folder`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,  # the first call of a kernel compiles it
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", settings.get_profile("default"), max_examples=5_000)
settings.register_profile("no_jit", settings.get_profile("default"), max_examples=20)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("no_jit" if os.environ.get("NUMBA_DISABLE_JIT") == "1" else "default")
)
