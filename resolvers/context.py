"""What every resolver receives as `info.context`: the caller, what it holds, and the services.

One Context lives for one operation. A subscription's context is refreshed before each event, so that a
downgrade shows at once; data loaders never outlive an operation.
"""
