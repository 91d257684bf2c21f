"""The contract of an extractor: a model and inputs in, `{layer: representation}` out."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import jax


class Extractor(Protocol):
    """Reads the activations of chosen layers.

    An extractor is a pytree: parameters are leaves, everything else is static, so that new
    parameters of the same model never recompile what has been compiled for it.

    Attributes
    ----------
    traceable : bool
        Whether a call works under ``jit``; if not, it is made on the host, batch by batch.
    indexed : bool
        Whether the extractor holds the examples itself. It is then called with the numbers of the
        examples, an integer array ``(example,)``, in place of inputs, and has an attribute
        `examples`, their count.

    Notes
    -----
    One that knows how many parameters make a layer may have a method ``parameters(inputs) ->
    {layer: int or None}``, for `probekit.extractors.describe`. `probekit.testing.check_extractor`
    checks all of this.
    """

    traceable: ClassVar[bool] = True
    indexed: ClassVar[bool] = False

    def layers(self, inputs: Any) -> Mapping[str, jax.ShapeDtypeStruct]:
        """Return path, shape and dtype of each layer, in forward order, without running the model.

        Parameters
        ----------
        inputs : pytree of array or jax.ShapeDtypeStruct (example, …)
            What a call would be given. Where the extractor is `indexed`, None is all its examples.

        Returns
        -------
        mapping of str to jax.ShapeDtypeStruct
            Just the layers that a call returns, in the same order.
        """
        ...

    def __call__(self, inputs: Any) -> Mapping[str, jax.Array]:
        """Return the activations of a batch.

        Parameters
        ----------
        inputs : pytree of array (example, …)
            One batch; or numbers of examples, where the extractor is `indexed`. A last batch is
            filled up with copies of an example, if compiled.

        Returns
        -------
        mapping of str to array (example, …)
            With the examples of `inputs` as first axis, in their order, each as if it were alone:
            no statistics of the batch. Further axes are units, unless probing is told otherwise.
            What is not finite stays so.
        """
        ...
