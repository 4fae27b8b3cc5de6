"""PostgreSQL and Valkey as our own children, for development and tests: no database to install, no account, no port.

Owns: finding the packaged binaries, their data folders and sockets, starting, and stopping whatever happens to us.
Words: *parts* are the two servers; the *watchdog* is the process between us and one server.
Does not own: what is stored in them (`storage.migrate`, the capabilities), nor servers named by settings.
Seen on Linux as root and as an ordinary user. macOS takes the plain path (no namespace, no death signal): not run.
"""
