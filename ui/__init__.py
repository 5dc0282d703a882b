"""The faces of Youju: the command line (`ui.cli`) and the chat page (`ui.app`)."""
