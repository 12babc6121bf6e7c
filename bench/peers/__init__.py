"""Payment channels and wallets of others, on our EVM: one file a peer, none of them vendored.

A peer's file deploys what its registry ships, says how it is used, and measures it. `ground` is
the chain they all stand on, `installed` fetches them by exact version and hash into a folder
outside the tree, `beside` prints them beside ours. tests/peers attacks them.
"""
