class Inbox:
    def __init__(self, *a):
        pass

    def mount(self, r):
        pass
