# The same program without CMake, as the README describes it.
g++ -std=c++20 main.cpp $(pkg-config --cflags --libs taskactor) -o my_program
