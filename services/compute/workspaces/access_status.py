"""How a project stands with data that is not its own, by what the catalogue says of its access."""

from shared.events import AccessGranted, AccessRequested, AccessRevoked, Envelope, Frozen

Access = AccessRequested | AccessGranted | AccessRevoked
"""What changes how a project stands."""


class Standing(Frozen):
    """A project's standing with one dataset; `restricted` when others had to be asked for it.

    `revoked` is why, in French, access was taken away, empty while it was not. `sequence` orders
    the events it comes from, which arrive in any order.
    """

    sequence: int = -1
    restricted: bool = False
    revoked: str = ""

    def after(self, envelope: Envelope[Access]) -> "Standing":
        """The standing once that event is known, too."""
        event, newer = envelope.data, envelope.sequence >= self.sequence
        revoked = event.reason if isinstance(event, AccessRevoked) else ""
        return Standing(
            sequence=max(self.sequence, envelope.sequence),
            # Open and own data is granted without being asked for, and never revoked.
            restricted=self.restricted or not isinstance(event, AccessGranted),
            revoked=revoked if newer else self.revoked,
        )
