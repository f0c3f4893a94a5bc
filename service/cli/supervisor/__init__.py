"""Start the service's processes, watch them, and leave none behind.

redis_server   a private Redis: which binary, which settings
children       which processes there are, and their command lines
lock           one supervisor to a data folder
undertaker     ends what is left when the supervisor is killed
watch          starts, restarts, gives up, stops in order
"""
