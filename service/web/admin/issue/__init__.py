"""An issue from the last look before it is sent to its last delivery."""
