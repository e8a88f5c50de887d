"""Networks over sequences elsewhere: one step as a program, and the files that hold it."""
