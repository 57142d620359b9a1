// Tasks that are asked for by name, with JSON arguments: as a service, a queue or another process would.
#include <taskactor/named_tasks.hpp>
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

struct part {
  std::string name;
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(part, name, price) // the ordinary macro of nlohmann-json

double total(const std::vector<part>& parts, double discount) {
  double sum = 0;
  for (const auto& each : parts)
    sum += each.price;
  return sum * (1 - discount);
}

ta::task<std::string> greet(std::string name) {
  co_await ta::sleep_for(10ms);
  co_return "hello, " + name;
}

TASKACTOR_REGISTER(greet);
TASKACTOR_REGISTER_AS(total, "bill.total", {.options = {.timeout = 20s}, .defaults = {0.0}});

int main() {
  for (const auto* each : ta::registry::global().list())
    std::cout << each->name() << each->signature() << '\n';

  ta::task_manager tasks;
  const auto call = [&](const char* name, const ta::json& arguments) {
    if (const auto h = tasks.add_task({}, name, arguments))
      std::cout << h.value().get() << '\n';
    else
      std::cout << h.error() << '\n';
  };
  call("greet", ta::json::array({"world"}));
  call("bill.total",
       ta::json::parse(R"([[{"name": "bolt", "price": 0.5}, {"name": "nut", "price": 1.5}], 0.25])"));
  call("bill.total", ta::json::parse(R"([[], "a quarter"])"));
  call("bill.totals", ta::json::array());
}

// Output:
// bill.total([part], double = 0.0) -> double
// greet(string) -> string
// "hello, world"
// 1.5
// bill.total: argument 2: expected a number, got "a quarter"
// no task is named "bill.totals"; did you mean "bill.total"?
