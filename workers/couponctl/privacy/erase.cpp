#include "couponctl/privacy/erase.hpp"

#include <cstdint>
#include <iomanip>

#include "couponctl/actor.hpp"
#include "couponctl/privacy/erase_archive.hpp"
#include "couponctl/privacy/erase_steps.hpp"
#include "couponctl/privacy/person.hpp"
#include "couponctl/settings.hpp"
#include "operations/audit_log.hpp"
#include "runtime/error.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 5 * 60 * 1000;
constexpr std::int64_t batch_rows = 1000;
constexpr int rounds_max = 20;  // of a step whose rows somebody makes anew

// Of the session, so that a killed run leaves none. The first number is ours alone.
constexpr const char* lock_sql = "SELECT pg_try_advisory_lock(hashtext('couponctl privacy'), hashtext($1))";
constexpr const char* begin_sql =
    "INSERT INTO privacy_erasures (user_id) VALUES ($1::bigint) ON CONFLICT (user_id) DO UPDATE"
    " SET started_at = now(), finished_at = NULL, counts = '{}'"
    " WHERE privacy_erasures.finished_at IS NOT NULL";
constexpr const char* count_sql =
    "UPDATE privacy_erasures SET counts = jsonb_set(counts, ARRAY[$2::text], to_jsonb("
    " COALESCE((counts ->> $2::text)::bigint, 0) + $3::bigint)) WHERE user_id = $1::bigint";
constexpr const char* finish_sql =
    "UPDATE privacy_erasures SET finished_at = now() WHERE user_id = $1::bigint RETURNING counts::text";

class Erasure {
  public:
    Erasure(const EraseOptions& options, std::ostream& out)
        : options_(options), out_(out), pg_(configured_postgres(deadline_ms)) {}

    void run() {
        user_ = find_user(pg_, options_.user);
        plan_ = plan_erasure(pg_, options_.keep_kyc, options_.despite_money);
        const auto in_flight = money_in_flight(pg_, user_);
        for (const auto& reason : in_flight) {
            out_ << "money is still to be moved: " << reason << '\n';
        }
        if (!options_.yes) {
            show_counts();
            return;
        }
        if (!in_flight.empty() && !options_.despite_money) {
            throw CommandError(
                "privacy erase: nothing was done, since money is still to be moved; settle it first, or "
                "say --despite-money");
        }
        if (const auto messages = messages_in_flight(pg_, user_); messages > 0) {
            throw CommandError("privacy erase: nothing was done, since " + std::to_string(messages) +
                               " messages to this user are just being sent; try again in a minute");
        }
        if (pg_.execute(lock_sql, {user_}).text(0, 0) != "t") {
            throw CommandError("privacy erase: another one is erasing this user");
        }
        erase();
    }

  private:
    void line(const std::string& name, std::int64_t rows) {
        out_ << "  " << std::left << std::setw(30) << name << std::right << std::setw(10) << rows << '\n';
    }

    void show_counts() {
        out_ << "user " << user_ << "; rows that would be erased, or made nobody's:\n";
        for (const auto& step : plan_.steps) {
            line(step.name, left(step));
        }
        for (const auto& step : plan_.last) {
            line(step.name, left(step));
        }
        line(plan_.user.name, left(plan_.user));
        say_what_stays();
        out_ << "nothing was done; --yes does it\n";
    }

    void erase() {
        pg_.execute(begin_sql, {user_});
        out_ << "user " << user_ << "; rows erased, or made nobody's:\n";
        if (!options_.archive.empty()) {
            // While it is known which webhooks and messages were the user's.
            count("archive", erase_from_archive(pg_, options_.archive, user_, out_));
        }
        for (const auto& step : plan_.steps) {
            refuse_money();
            line(step.name, erase_rows(step));
        }
        finish();
        say_what_stays();
    }

    std::int64_t left(const EraseStep& step) {
        return pg_.execute(step.count_sql.c_str(), {user_}).number(0, 0);
    }

    std::int64_t erase_rows(const EraseStep& step) {
        std::int64_t rows = 0;
        for (int round = 0; round < rounds_max; ++round) {
            std::int64_t taken = 0;
            do {
                PgTransaction transaction(pg_);
                taken = erase_batch(step);
                transaction.commit();
                rows += taken;
            } while (taken > 0);
            if (left(step) == 0) {
                return rows;
            }
        }
        stop("somebody keeps changing this user's rows of " + step.name);
    }

    // Within a transaction. Rows that somebody is changing are waited for.
    std::int64_t erase_batch(const EraseStep& step) {
        const auto locked = pg_.execute(step.lock_sql.c_str(), {user_, std::to_string(batch_rows)});
        if (locked.rows() == 0) {
            return 0;
        }
        PgArray places;
        for (int row = 0; row < locked.rows(); ++row) {
            places.add(locked.text(row, 0));
        }
        const auto rows = pg_.execute(step.erase_sql.c_str(), {user_, places.literal()}).affected();
        if (rows != locked.rows()) {
            stop("somebody changed this user's rows of " + step.name);
        }
        count(step.name, rows);
        return rows;
    }

    // As erase_rows(), within the last transaction.
    std::int64_t erase_at_end(const EraseStep& step) {
        std::int64_t rows = 0;
        for (std::int64_t taken = 1; taken > 0; rows += taken) {
            taken = erase_batch(step);
        }
        if (left(step) > 0) {
            stop("somebody changed this user's rows of " + step.name);
        }
        return rows;
    }

    [[noreturn]] static void stop(const std::string& why) {
        throw CommandError("privacy erase: not done, since " + why +
                           "; what says who the user is was left as it is: try again in a minute");
    }

    // What began to be moved since the run began needs what would be erased.
    void refuse_money() {
        if (options_.despite_money) {
            return;
        }
        if (const auto reasons = money_in_flight(pg_, user_); !reasons.empty()) {
            stop("money began to be moved meanwhile: " + reasons.front());
        }
    }

    void count(const std::string& name, std::int64_t rows) {
        if (rows > 0) {
            pg_.execute(count_sql, {user_, name, std::to_string(rows)});
        }
    }

    // The user's own row, by which all others were found, and with it the record of what was done. Once
    // it is locked, nothing new can be his.
    void finish() {
        PgTransaction transaction(pg_);
        pg_.execute(plan_.user.lock_sql.c_str(), {user_});
        for (const auto& step : plan_.steps) {
            if (step.again) {
                erase_at_end(step);
            }
        }
        std::vector<std::int64_t> rows;
        for (const auto& step : plan_.last) {
            rows.push_back(erase_at_end(step));
        }
        if (messages_in_flight(pg_, user_) > 0) {
            stop("messages to this user are just being sent");
        }
        refuse_money();
        rows.push_back(pg_.execute(plan_.user.erase_sql.c_str(), {user_}).affected());
        count(plan_.user.name, rows.back());
        const auto counts =
            nlohmann::ordered_json::parse(pg_.execute(finish_sql, {user_}).text(0, 0));
        if (!counts.empty()) {
            write_audit(pg_, {options_.actor.empty() ? current_user() : options_.actor,
                              "privacy.erase", "users", user_, {{"rows", counts}}});
        }
        transaction.commit();
        for (std::size_t i = 0; i < plan_.last.size(); ++i) {
            line(plan_.last[i].name, rows[i]);
        }
        line(plan_.user.name, rows.back());
        if (counts.empty()) {
            out_ << "nothing was left to erase\n";
        }
    }

    void say_what_stays() {
        for (const auto& column : plan_.kept) {
            out_ << "kept, since it may not be empty: " << column << '\n';
        }
        out_ << "kept: the ledger, orders, payments, cashback and withdrawals, as numbers of user " << user_
             << "; clicks that cashback came from, without address, user agent and referrer; what this"
                " person asked not to be sent; message_events; who did what in audit_logs, and to whom; what"
                " affiliate networks sent, until CLICK_PII_DAYS; dead letters' webhooks\n"
                "not found: what stands under addresses and numbers this user had before, and entries that"
                " still wait in Redis: run it again once the queues are empty\n"
                "elsewhere: edges' journals keep a click until it is stored, and for keep= of coupon_journal"
                " (10 minutes) longer; their copies, backups of the database and NGINX's access logs are"
                " not reached from here\n";
        if (options_.archive.empty()) {
            out_ << "the files of ARCHIVE_DIR keep webhooks and dead letters until somebody deletes them;"
                    " --archive DIR takes this person out of them\n";
        }
    }

    const EraseOptions& options_;
    std::ostream& out_;
    PgConnection pg_;
    std::string user_;
    ErasePlan plan_;
};

}  // namespace

void erase_user(const EraseOptions& options, std::ostream& out) {
    Erasure(options, out).run();
}

}  // namespace coupon
