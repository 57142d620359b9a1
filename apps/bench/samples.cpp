#include "samples.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace bench {

namespace {

using json = nlohmann::json;

json to_json(const spread& of) {
  return {{"median", of.median}, {"least", of.least}, {"greatest", of.greatest}};
}

json to_json(const work& what, const side& of) {
  json costs = json::object();
  if (!of.samples.empty())
    for (const auto* each : what.figures)
      costs[std::string{each->name}] = to_json(of.costs(*each));
  return {{"tasks", of.tasks}, {"costs", costs}, {"samples", of.samples}};
}

json to_json(const work& what, const pairing& of) {
  json ratios = json::object();
  for (const auto* each : what.figures)
    if (const auto ratio = of.ratio(*each))
      ratios[std::string{each->name}] = to_json(*ratio);
  json result{{"name", of.peer->name}, {"ratios", ratios}, {"peer", to_json(what, of.theirs)}};
  if (!of.trouble.empty())
    result["trouble"] = of.trouble;
  return result;
}

json to_json(const comparison& of, const target& wanted) {
  json result{{"figure", wanted.what->name}, {"value", wanted.value}};
  if (!wanted.peer.empty())
    result["peer"] = wanted.peer;
  if (wanted.beyond)
    result["beyond"] = true;
  if (const auto measured = of.measured(wanted)) {
    result["measured"] = to_json(*measured);
    result["reached"] = of.reached(wanted);
  }
  return result;
}

json to_json(const comparison& of) {
  const auto& what = *of.what;
  auto figures = json::array(), pairings = json::array(), targets = json::array();
  for (const auto* each : what.figures)
    figures.push_back({{"name", each->name}, {"unit", each->unit}});
  for (const auto& each : of.pairings)
    pairings.push_back(to_json(what, each));
  for (const auto& each : what.targets)
    targets.push_back(to_json(of, each));
  return {{"work", what.name},
          {"number", what.number},
          {"what", what.what},
          {"figures", figures},
          {"taskactor", to_json(what, of.ours)},
          {"peers", pairings},
          {"targets", targets}};
}

json to_json(const machine& where) {
  return {{"processor", where.processor},
          {"processors", where.processors},
          {"kernel", where.kernel},
          {"compiler", where.compiler},
          {"caf", where.caf},
          {"stores", where.stores},
          {"optimised", where.optimised},
          {"date", where.date},
          {"load_before", where.load}};
}

} // namespace

void write_samples(std::ostream& out, const machine& where, const contender& ours,
                   const std::vector<contender>& peers, const options& asked,
                   const std::vector<comparison>& measured) {
  json versions = json::array(), works = json::array();
  for (const auto& each : peers)
    versions.push_back({{"name", each.name}, {"title", each.title}, {"version", each.version}});
  for (const auto& each : measured)
    works.push_back(to_json(each));
  out << json{{"machine", to_json(where)}, {"taskactor", ours.version}, {"repeats", asked.repeats},
              {"quick", asked.quick},      {"peers", versions},         {"works", works}}
             .dump(2)
      << '\n';
}

} // namespace bench
