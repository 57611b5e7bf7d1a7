"""Training: step rules, the main loop and what happens around it, and the way from a config to a run.

Names load on first use, so that reading a config costs no import of PyTensor.
"""

from bricks.lazy import exports

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

__getattr__, __dir__ = exports(__name__, {name: f"{__name__}.{module}" for name, module in _HOME.items()})
