"""Training: step rules, the main loop and what happens around it, and the way from a config to a run.

Names load on first use, so that reading a config costs no import of PyTensor.
"""

import importlib

_HOME = {
    "Adam": "step_rules",
    "CompositeRule": "rule",
    "Config": "config",
    "Decay": "extensions",
    "EarlyStopping": "extensions",
    "Evaluation": "monitoring",
    "Extension": "extensions",
    "FinishAfter": "extensions",
    "FiniteRows": "extensions",
    "GradientDescent": "algorithms",
    "Lab": "lab",
    "Log": "log",
    "MainLoop": "main_loop",
    "Momentum": "step_rules",
    "ProgressBar": "progress",
    "Run": "runs",
    "Saving": "saving",
    "Scale": "step_rules",
    "Schedule": "extensions",
    "StepClipping": "clipping",
    "StepRule": "rule",
    "VariableClipping": "clipping",
    "build_step_rule": "step_rules",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'bricks.training' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"bricks.training.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
