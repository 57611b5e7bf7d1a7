"""Training: step rules, the main loop and what happens around it, and the way from a config to a run.

Names load on first use, so that reading a config costs no import of PyTensor.
"""

from bricks.lazy import exports

_HOME = {
    "AdaDelta": "adaptive",
    "AdaGrad": "adaptive",
    "Adam": "adaptive",
    "AdamW": "adaptive",
    "Adamax": "adaptive",
    "Aggregation": "aggregation",
    "Callback": "extensions",
    "Checkpoint": "saving",
    "CompositeRule": "rule",
    "Config": "config",
    "ConfusionMatrix": "quantities",
    "Decay": "scheduling",
    "EarlyStopping": "best",
    "EditDistance": "quantities",
    "Evaluation": "monitoring",
    "Extension": "extensions",
    "FinishAfter": "extensions",
    "FinishIfNoImprovement": "best",
    "FiniteRows": "extensions",
    "GradientDescent": "algorithms",
    "Lab": "lab",
    "Log": "log",
    "MainLoop": "main_loop",
    "Momentum": "step_rules",
    "Nesterov": "step_rules",
    "Plateau": "scheduling",
    "Printing": "progress",
    "ProgressBar": "progress",
    "Quantity": "quantities",
    "RMSProp": "adaptive",
    "RemoveNotFinite": "transforms",
    "Restrict": "transforms",
    "Run": "runs",
    "Saving": "saving",
    "Scale": "step_rules",
    "Schedule": "scheduling",
    "StepClipping": "clipping",
    "StepRule": "rule",
    "Sweep": "sweeps",
    "TensorBoard": "tensorboard",
    "Timing": "extensions",
    "TrackTheBest": "best",
    "Trained": "trained",
    "VariableClipping": "clipping",
    "WeightDecay": "transforms",
    "build_step_rule": "step_rules",
    "check_gradients": "gradients",
    "histogram": "aggregation",
    "last": "aggregation",
    "load": "loading",
    "load_parameters": "parameters",
    "maximum": "aggregation",
    "mean": "aggregation",
    "mean_interval": "intervals",
    "minimum": "aggregation",
    "perplexity": "aggregation",
    "save_parameters": "parameters",
    "total": "aggregation",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = exports(
    __name__, {name: f"{__name__}.{module}" for name, module in _HOME.items()}, ("observations", "schedules")
)
