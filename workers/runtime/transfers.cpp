#include "runtime/transfers.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <new>
#include <unordered_map>

#include "runtime/curl_http.hpp"
#include "runtime/mail_threads.hpp"

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

// So many streams an HTTP/2 server allows on a connection at least, as a rule.
constexpr std::size_t streams_per_connection = 64;

struct MultiDeleter {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};

}  // namespace

struct Transfers::Impl {
    struct Call {
        HttpRequest request;
        Done done;
        std::unique_ptr<CurlHttp> http;
        bool again = false;  // on a fresh connection, after a stale one
    };

    explicit Impl(std::size_t connections_per_host)
        : connections_max(connections_per_host),
          mails(std::min(connections_per_host, std::size_t{mails_at_once}), [this] { wake(); }) {
        // The first easy handle initialises libcurl.
        idle.push_back(std::make_unique<CurlHttp>(sockets));
        multi.reset(curl_multi_init());
        if (!multi) {
            throw std::bad_alloc();
        }
        curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
        curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
        limit_connections((connections_max + streams_per_connection - 1) / streams_per_connection);
    }

    void limit_connections(std::size_t per_host) {
        curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(per_host));
    }

    // Until a server is met that has no streams, a few connections are enough; libcurl would open
    // one for each call that waits.
    void allow_all_connections() {
        if (!std::exchange(all_allowed, true)) {
            limit_connections(connections_max);
        }
    }

    ~Impl() {
        for (const auto& [easy, call] : calls) {
            curl_multi_remove_handle(multi.get(), easy);
        }
    }

    void start_http(const HttpRequest& request, const Done& done) {
        auto call = std::make_unique<Call>();
        call->request = request;
        call->done = done;
        if (!request.url.starts_with("https:")) {
            allow_all_connections();
        }
        if (idle.empty()) {
            call->http = std::make_unique<CurlHttp>(sockets);
        } else {
            call->http = std::move(idle.back());
            idle.pop_back();
        }
        add(std::move(call));
    }

    // Where it cannot begin it ends at once.
    void add(std::unique_ptr<Call> call) {
        CURL* easy = call->http->handle();
        if (!call->http->begin(call->request, call->again)) {
            finish(std::move(call), CURLE_OK);
            return;
        }
        const auto place = calls.emplace(easy, std::move(call)).first;
        if (curl_multi_add_handle(multi.get(), easy) != CURLM_OK) {
            auto refused = std::move(place->second);
            calls.erase(place);
            finish(std::move(refused), CURLE_OUT_OF_MEMORY);
        }
    }

    void finish(std::unique_ptr<Call> call, CURLcode code) {
        ended.emplace_back(std::move(call->done), call->http->end(code));
        idle.push_back(std::move(call->http));
    }

    void take_ended() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
            if (message->msg != CURLMSG_DONE) {
                continue;
            }
            CURL* easy = message->easy_handle;
            const auto code = message->data.result;
            const auto found = calls.find(easy);
            auto call = std::move(found->second);
            calls.erase(found);
            long version = 0;
            curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
            if (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1) {
                allow_all_connections();
            }
            curl_multi_remove_handle(multi.get(), easy);
            if (code != CURLE_OK && call->http->stale() && !call->again) {
                call->again = true;
                add(std::move(call));
            } else {
                finish(std::move(call), code);
            }
        }
        mails_under_way -= mails.collect(ended);
    }

    // Taken off the list before it is called: a Done may throw, or start the next one.
    std::size_t report() {
        const auto count = ended.size();
        for (std::size_t i = 0; i < count; ++i) {
            auto [done, answer] = std::move(ended.front());
            ended.pop_front();
            done(std::move(answer));
        }
        return count;
    }

    void move_on() {
        int running = 0;
        curl_multi_perform(multi.get(), &running);
        take_ended();
    }

    void wake() noexcept {
        woken = true;
        curl_multi_wakeup(multi.get());
    }

    const std::size_t connections_max;
    bool all_allowed = false;
    // Before all that closes connections when it goes.
    CurlSockets sockets;
    std::unique_ptr<CURLM, MultiDeleter> multi;
    std::vector<std::unique_ptr<CurlHttp>> idle;
    std::unordered_map<CURL*, std::unique_ptr<Call>> calls;
    std::deque<MailThreads::Ended> ended;
    std::size_t mails_under_way = 0;
    std::atomic<bool> woken{false};
    MailThreads mails;
};

Transfers::Transfers(std::size_t connections_per_host)
    : impl_(std::make_unique<Impl>(connections_per_host)) {}
Transfers::~Transfers() = default;

void Transfers::start(const Transfer& transfer, Done done) {
    try {
        if (const auto* mail = std::get_if<MailRequest>(&transfer)) {
            impl_->mails.start(*mail, done);
            ++impl_->mails_under_way;
        } else {
            impl_->start_http(std::get<HttpRequest>(transfer), done);
        }
    } catch (const std::exception& failure) {
        HttpAnswer answer;
        answer.error = failure.what();
        impl_->ended.emplace_back(std::move(done), std::move(answer));
    }
}

void Transfers::run(std::chrono::milliseconds wait) {
    const auto deadline = steady::now() + wait;
    impl_->move_on();
    while (impl_->report() == 0 && !impl_->woken.exchange(false)) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - steady::now()).count();
        if (left <= 0) {
            return;
        }
        curl_multi_poll(impl_->multi.get(), nullptr, 0, static_cast<int>(left), nullptr);
        impl_->move_on();
    }
}

void Transfers::wake() noexcept {
    impl_->wake();
}

std::size_t Transfers::in_flight() const noexcept {
    return impl_->calls.size() + impl_->mails_under_way + impl_->ended.size();
}

}  // namespace coupon
