"""What has to stand outside of us before mail goes out: made by ``setup``, looked at by ``doctor``.

In both a thin edge reads what there is and pure code decides: which steps are missing, or what is
wrong and what to do about it.
"""
