//! Collecting a folder: real UAL sets row by row, and folders made for each thing that can go wrong.

mod folders;
mod kit;
mod real_sets;
