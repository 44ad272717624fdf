"""The integer program: optimal packings (after goSLP, Mendis and Amarasinghe 2018), with proved bounds."""
