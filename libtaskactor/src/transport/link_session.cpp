#include "transport/link_session.hpp"

#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t greeting_limit = 1024;
constexpr int version = 1;

/// What another node says of why it doesn't want this one: it isn't believed to be short, nor printable.
std::string quoted(const nlohmann::json& said) {
  constexpr std::size_t most = 300;
  if (!said.is_string())
    return "without a reason";
  auto text = said.get<std::string>().substr(0, most);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F')
      c = '?';
  return text;
}

bool begins_like_tls(std::string_view bytes) { return bytes.starts_with("\x16\x03"); }
/// A short frame; no record of TLS's has this type.
bool begins_like_a_frame(std::string_view bytes) { return !bytes.empty() && bytes.front() == '\0'; }

/// Says to who speaks TLS that nobody does here.
constexpr std::string_view protocol_alert{"\x15\x03\x03\0\x02\x02\x46", 7};

} // namespace

link_session::link_session(link_role role, std::size_t most, link_session_user& user, std::mutex& wire)
    : role_(role), most_(most), user_(user), wire_(wire), cutter_(greeting_limit) {}

void link_session::begin(std::unique_ptr<tls_session> tls) {
  tls_ = std::move(tls);
  if (role_ == link_role::listening)
    return;
  if (tls_)
    tls_->begin();
  else
    greet();
}

void link_session::send(std::string_view plain) {
  if (tls_)
    tls_->send(plain);
  else
    output_ += plain;
}

void link_session::greet() { send(make_frame({"taskactor", version})); }

void link_session::take(std::string_view bytes) {
  if (over_)
    return;
  if (tls_)
    take_encrypted(bytes);
  else
    take_plain(bytes);
}

void link_session::take_encrypted(std::string_view bytes) {
  if (!std::exchange(anything_, true) && begins_like_a_frame(bytes)) {
    output_ += make_frame(
        {"refused", "not_tls", "it speaks TLS: an authority, a certificate and a key are needed"});
    return end(link_end::not_tls, "the other side speaks no TLS");
  }
  auto fault = decrypt(bytes);
  take_frames();
  if (fault)
    end(fault->what, std::move(fault->text));
}

/// What comes is with the cutter then. Returns why no more comes, if it doesn't.
std::optional<link_reason> link_session::decrypt(std::string_view bytes) {
  const std::lock_guard lock{wire_};
  const bool was_established = tls_->established();
  tls_->take(bytes, cutter_.room());
  if (tls_->established() && !was_established && role_ == link_role::calling)
    greet();
  if (tls_->ended() && !tls_->fault())
    return link_reason{link_end::ended, "the other side has ended it"};
  return tls_->fault();
}

void link_session::take_plain(std::string_view bytes) {
  if (!std::exchange(anything_, true) && begins_like_tls(bytes)) {
    output_ += protocol_alert;
    return end(link_end::not_a_link, "the other side speaks TLS, and this one has no identity to");
  }
  static_cast<void>(cutter_.feed(bytes));
  take_frames();
}

void link_session::take_frames() {
  bool sound = cutter_.fed();
  while (!over_) {
    const auto content = cutter_.next();
    if (!content)
      break;
    if (up_)
      user_.frame(*content);
    else
      greeted(*content);
  }
  sound = sound && cutter_.fed();
  if (!over_ && !sound)
    broken();
}

void link_session::broken() {
  if (!up_)
    end(link_end::not_a_link, "what came is no greeting of a taskactor node");
  else if (cutter_.too_long())
    end(link_end::large_frame, "a frame of more than " + std::to_string(most_) + " bytes was announced");
  else
    end(link_end::broken_frame, "what came can't be cut into frames");
}

void link_session::greeted(std::string_view content) {
  const auto said = read_frame(content);
  const bool array = said && said->is_array() && !said->empty();
  if (array && said->at(0) == "refused" && role_ == link_role::calling)
    return end(link_end::refused,
               "the other side refuses: " + quoted(said->size() > 2 ? said->at(2) : nullptr));
  if (!array || said->at(0) != "taskactor" || said->size() < 2)
    return end(link_end::not_a_link, "what came is no greeting of a taskactor node");
  if (said->at(1) != version)
    return refuse({link_end::not_a_link,
                   "the other side speaks another version of links than " + std::to_string(version)});
  if (role_ == link_role::listening) {
    if (!user_.admit())
      return refuse({link_end::not_allowed, "it may not come in"});
    greet();
  }
  up_ = true;
  cutter_.set_limit(most_);
  user_.up();
}

void link_session::finish() {
  if (tls_)
    tls_->finish();
}

void link_session::refuse(link_reason why) {
  if (over_ || up_)
    return;
  if (role_ == link_role::listening && (!tls_ || tls_->established()))
    send(make_frame({"refused", to_string(why.what), why.text}));
  over_ = std::move(why);
}

void link_session::end(link_end what, std::string text) {
  if (!over_)
    over_ = link_reason{what, std::move(text)};
}

std::string link_session::take_output() {
  auto result = std::exchange(output_, {});
  if (tls_)
    result += tls_->take_output();
  return result;
}

} // namespace taskactor::detail
