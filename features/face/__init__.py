"""What the face did: head pose, movement, eyes and mouth as plain lengths, angles and shares.

Landmarks become measures frame by frame; no picture, no landmark and no identity is kept.
"""
