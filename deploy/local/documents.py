"""`python -m deploy.local.documents OPTIONS`: nx-27017, which logs what goes wrong only.

It serves each connection in a thread of its own: the other way, each command goes from an event
loop to a thread and back. It says each command in its log then, which is wanted by nobody.
"""

import logging

from nx_27017.nx_27017 import main

if __name__ == "__main__":
    logging.getLogger("nx_27017").setLevel(logging.WARNING)
    main()
