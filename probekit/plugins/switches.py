"""Which plugins are wanted: switches from the environment, the command line or the caller."""

import dataclasses
import os
from collections.abc import Mapping

NO_AUTOLOAD = "PROBEKIT_DISABLE_PLUGIN_AUTOLOAD"
EXTRA = "PROBEKIT_PLUGINS"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Switches:
    """Which plugins to load.

    Parameters
    ----------
    autoload : bool
        Whether installed plugins (entry points of the group ``probekit``) are loaded.
    extra : tuple of str
        Names of entry points or of modules to load in any case.
    disable : tuple of str
        Names of plugins to leave out.
    """

    autoload: bool = True
    extra: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Switches":
        """Read ``PROBEKIT_DISABLE_PLUGIN_AUTOLOAD`` and ``PROBEKIT_PLUGINS=a,no:b``.

        Parameters
        ----------
        environment : mapping of str to str, optional
            `os.environ` unless given. Of the first variable ``0``, ``false``, ``no`` and nothing
            are no, anything else is yes.

        Examples
        --------
        >>> Switches.from_environment({"PROBEKIT_PLUGINS": "mine, no:other"})
        Switches(autoload=True, extra=('mine',), disable=('other',))
        """
        environment = os.environ if environment is None else environment
        names = (name.strip() for name in environment.get(EXTRA, "").split(","))
        off = environment.get(NO_AUTOLOAD, "").strip().lower() not in ("", "0", "false", "no")
        return cls(autoload=not off).with_requests(tuple(filter(None, names)))

    def with_requests(self, requests: tuple[str, ...]) -> "Switches":
        """Add requests in the words of ``-p``: ``NAME`` loads a plugin, ``no:NAME`` leaves it out.

        Parameters
        ----------
        requests : tuple of str
            The last one about a plugin counts.

        Examples
        --------
        >>> Switches().with_requests(("mine", "no:progress"))
        Switches(autoload=True, extra=('mine',), disable=('progress',))
        """
        extra, disable = list(self.extra), list(self.disable)
        for request in requests:
            wanted = not request.startswith("no:")
            name = request.removeprefix("no:")
            for names, chosen in ((extra, wanted), (disable, not wanted)):
                if name in names:
                    names.remove(name)
                if chosen:
                    names.append(name)
        return dataclasses.replace(self, extra=tuple(extra), disable=tuple(disable))
