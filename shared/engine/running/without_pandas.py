"""What keeps a job from loading pandas, which has no use for it."""

import sys
from importlib.abc import MetaPathFinder


class _WithoutPandas(MetaPathFinder):
    """Hides pandas, which tests have installed and jobs have no use for: Arrow would load it."""

    def find_spec(self, fullname: str, *_where: object) -> None:
        """Let other modules be found by others."""
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def hide_pandas() -> None:
    """Let Arrow find none, as where only what jobs need is installed."""
    sys.meta_path.insert(0, _WithoutPandas())
