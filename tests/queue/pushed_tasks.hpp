/// Functions that the tests push. They are registered in pushes.cpp.
#pragma once

#include <taskactor/task.hpp>

#include <stop_token>
#include <string>
#include <vector>

namespace queue_tests {

taskactor::task<std::string> send_letter(std::string to, int copies);
int count_words(std::stop_token stop, const std::string& text);
void note(const std::string& text);
void versioned(int number);
void unregistered(int number);

} // namespace queue_tests
