class Newsroom:
    def __init__(self, *a):
        pass

    def mount(self, r):
        pass

    def shown(self):
        return {}

    def forget_requests(self):
        pass

    def change(self, d):
        pass
