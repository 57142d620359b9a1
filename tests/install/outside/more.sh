# Without CMake: a program whose tasks log, one that is a node, one that asks for schedules, and tests.
g++ -std=c++20 logs.cpp $(pkg-config --cflags --libs taskactor spdlog) -o my_speaker
g++ -std=c++20 node.cpp $(pkg-config --cflags --libs taskactor-node) -o my_node
g++ -std=c++20 schedule.cpp $(pkg-config --cflags --libs taskactor-schedule) -o my_schedule
g++ -std=c++20 my_tests.cpp $(pkg-config --cflags --libs taskactor-testing) -o my_tests
