// taskactor-bench-links: what links between nodes and calls over them cost, against what one could have
// instead.
//
//     taskactor-bench-links [--quick] [--repeats N] [--only TEXT] [--json FILE]     prints a table
//
// TEXT is a part of what is compared, as "call, TLS, bare loop"; FILE is for a program.
// Each is measured between processes on 127.0.0.1, in turn with its peer: medians of five ratios and costs,
// of three with --quick. Exit codes: 0, 1 when a ratio is missed or something failed, 2 for a wrong use.
#include "bare.hpp"
#include "linked.hpp"
#include "remote.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <taskactor/node/certificates.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using taskactor::detail::link_identity;
using teller = std::function<void(std::uint16_t)>;

/// Runs the other side in a process of its own while `here` runs. No thread may be there yet.
double against(const std::function<void(const teller&)>& there,
               const std::function<double(std::uint16_t)>& here) {
  int ends[2]{};
  if (::pipe(ends) != 0)
    throw std::runtime_error{"pipe"};
  const auto child = ::fork();
  if (child == 0) {
    try {
      there([&](std::uint16_t port) {
        if (::write(ends[1], &port, sizeof port) < 0)
          ::_exit(1);
      });
      ::_exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
  }
  std::uint16_t port = 0;
  ::close(ends[1]);
  const bool told = ::read(ends[0], &port, sizeof port) == sizeof port;
  ::close(ends[0]);
  if (!told)
    throw std::runtime_error{"the other side has died"};
  const auto result = here(port);
  ::waitpid(child, nullptr, 0);
  return result;
}

/// A cost, and that of what it is compared with: seconds.
struct pair_of_costs {
  double ours, peer;
};

struct comparison {
  std::string what, peer;
  double count;                  // round trips, calls or items in a sample
  std::optional<double> at_most; // of the peer's cost
  std::function<pair_of_costs()> sample;
};

double median(std::vector<double> of) {
  std::sort(of.begin(), of.end());
  return of[of.size() / 2];
}

nlohmann::json measure(const comparison& what, int repeats) {
  std::vector<double> ours, peers, ratios;
  for (int i = 0; i < repeats; ++i) {
    const auto got = what.sample();
    ours.push_back(got.ours / what.count * 1e6);
    peers.push_back(got.peer / what.count * 1e6);
    ratios.push_back(got.ours / got.peer);
  }
  const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
  nlohmann::json result{{"what", what.what},        {"us", median(ours)},      {"peer", what.peer},
                        {"peer_us", median(peers)}, {"ratio", median(ratios)}, {"least", *least},
                        {"greatest", *greatest}};
  if (what.at_most) {
    result["at_most"] = *what.at_most;
    result["reached"] = median(ratios) <= *what.at_most;
  }
  return result;
}

void print(const nlohmann::json& row) {
  std::string target;
  if (row.contains("at_most"))
    target = (row["reached"].get<bool>() ? "reached, at most " : "MISSED, at most ")
             + row["at_most"].dump().substr(0, 4);
  std::printf(
      "%-36s %10.1f us   %-30s %10.1f us   %5.2f (%.2f - %.2f)  %s\n", row["what"].get<std::string>().c_str(),
      row["us"].get<double>(), row["peer"].get<std::string>().c_str(), row["peer_us"].get<double>(),
      row["ratio"].get<double>(), row["least"].get<double>(), row["greatest"].get<double>(), target.c_str());
  std::fflush(stdout);
}

/// The two sides' samples, each between processes of its own.
class sides {
public:
  explicit sides(link_identity as) : as_(std::move(as)) {}

  double bare(bool tls, std::size_t bytes, std::size_t count) const {
    return against([&](const teller& tell) { bench::bare_echo(as_, tls, bytes, tell); },
                   [&](std::uint16_t port) { return bench::bare_round_trips(as_, tls, port, bytes, count); });
  }
  double linked(bool tls, std::size_t bytes, std::size_t count, std::size_t window) const {
    const auto as = tls ? as_ : link_identity{};
    return against(
        [&](const teller& tell) { bench::linked_echo(as, tell); },
        [&](std::uint16_t port) { return bench::linked_round_trips(as, port, bytes, count, window); });
  }
  double calls(bool tls, std::size_t bytes, std::size_t count, std::size_t at_once) const {
    const auto as = tls ? as_ : link_identity{};
    return against([&](const teller& tell) { bench::serve_calls(as, 4, tell); },
                   [&](std::uint16_t port) { return bench::call_seconds(as, port, bytes, count, at_once); });
  }
  double basp(std::size_t bytes, std::size_t count) const {
    return against([](const teller& tell) { bench::serve_basp(tell); },
                   [&](std::uint16_t port) { return bench::basp_seconds(port, bytes, count); });
  }
  double gathered(std::size_t nodes, std::size_t count, std::vector<std::uint16_t> ports = {}) const {
    if (ports.size() == nodes)
      return bench::gather_seconds(as_, ports, count);
    return against([&](const teller& tell) { bench::serve_calls(as_, 1, tell); },
                   [&](std::uint16_t port) {
                     auto more = ports;
                     more.push_back(port);
                     return gathered(nodes, count, more);
                   });
  }

private:
  link_identity as_;
};

std::vector<comparison> all_of(const sides& by, bool quick) {
  constexpr std::size_t mebibyte = std::size_t{1} << 20, text = 64;
  constexpr double of_bare_loop = 1.5, of_basp = 1.0 / 3;
  const std::size_t trips = quick ? 2000 : 20'000, calls = quick ? 1000 : 10'000, large = quick ? 20 : 200,
                    items = quick ? 50 : 500;
  const auto n = [](std::size_t count) { return static_cast<double>(count); };
  std::vector<comparison> all;
  for (const bool tls : {false, true}) {
    const std::string how = tls ? ", TLS" : ", plain";
    const auto target = tls ? std::optional{of_bare_loop} : std::nullopt;
    all.push_back({"frame of 64 B and back" + how, "bare loop" + how, n(trips), target, [=, &by] {
                     return pair_of_costs{by.linked(tls, text, trips, 1), by.bare(tls, text, trips)};
                   }});
    all.push_back({"frame of 1 MiB and back" + how, "bare loop" + how, n(large), target, [=, &by] {
                     return pair_of_costs{by.linked(tls, mebibyte, large, 1), by.bare(tls, mebibyte, large)};
                   }});
  }
  all.push_back({"call, TLS", "request by BASP, plain", n(calls), of_basp, [=, &by] {
                   return pair_of_costs{by.calls(true, text, calls, 1), by.basp(text, calls)};
                 }});
  all.push_back({"call, TLS", "bare loop, TLS", n(calls), of_bare_loop, [=, &by] {
                   return pair_of_costs{by.calls(true, text, calls, 1), by.bare(true, text, calls)};
                 }});
  all.push_back({"call, TLS", "call, plain", n(calls), {}, [=, &by] {
                   return pair_of_costs{by.calls(true, text, calls, 1), by.calls(false, text, calls, 1)};
                 }});
  all.push_back(
      {"calls, all asked for at once, TLS", "the same, plain", n(calls), {}, [=, &by] {
         return pair_of_costs{by.calls(true, text, calls, calls), by.calls(false, text, calls, calls)};
       }});
  all.push_back(
      {"call with 1 MiB, TLS", "call with 1 MiB, plain", n(large), {}, [=, &by] {
         return pair_of_costs{by.calls(true, mebibyte, large, 1), by.calls(false, mebibyte, large, 1)};
       }});
  all.push_back({"item of 2 ms, gather over two nodes", "the same over one", n(items), {}, [=, &by] {
                   return pair_of_costs{by.gathered(2, items), by.gathered(1, items)};
                 }});
  return all;
}

} // namespace

int main(int argc, char** argv) {
  bool quick = false;
  int repeats = 0;
  std::string only, file;
  CLI::App line{"What links between nodes and calls over them cost, against what one could have instead."};
  line.add_flag("--quick", quick, "Fewer round trips, and three repeats");
  line.add_option("--repeats", repeats, "Samples of each (5, with --quick 3)")->check(CLI::Range(1, 1000));
  line.add_option("--only", only, "Only what has this in its name, or in its peer's")->type_name("TEXT");
  line.add_option("--json", file, "Write the figures to this file as well")->type_name("FILE");
  try {
    line.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.exit(error) == 0 ? 0 : 2;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "taskactor-XXXXXX").string();
  if (!::mkdtemp(folder.data()))
    return std::perror("mkdtemp"), 1;
  taskactor::make_authority(folder);
  const auto files = taskactor::make_certificate(folder, {"localhost"});
  const sides by{{std::filesystem::path{folder} / "authority.pem", files.certificate, files.key}};
  bool missed = false;
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& each : all_of(by, quick)) {
    if ((each.what + ", " + each.peer).find(only) == std::string::npos)
      continue;
    rows.push_back(measure(each, repeats != 0 ? repeats : quick ? 3 : 5));
    print(rows.back());
    missed = missed || !rows.back().value("reached", true);
  }
  std::filesystem::remove_all(folder);
  if (!file.empty())
    std::ofstream{file} << nlohmann::json{{"links", rows}, {"quick", quick}}.dump(1) << '\n';
  return missed ? 1 : 0;
}
