//! SQL of the room.
