"""How an issue looks: templates to MJML to HTML, once for each distinct choice of readers.

    issue       a document and a reader's choice → the three parts of a mail
    variants    the same for every choice that an audience has, kept as rows
    notices     service mail: confirm, welcome, an issue's test copy
    preview     an issue as files to look at

Below them ``environment`` (Jinja), ``mjml`` (the compiler), ``theme`` (colours and type), and
``latex``, ``markdown`` (its tables apart), ``posts`` and ``filters``, which make strangers' text
readable and safe.
"""
