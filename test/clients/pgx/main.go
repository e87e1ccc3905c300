// What pgx must be able to do with our server; prints ok. Run by pgx.test.ts.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var secretUser, secretPassword = os.Getenv("SECRET_USER"), os.Getenv("SECRET_PASSWORD")

func main() {
	ctx, stop := context.WithTimeout(context.Background(), 150*time.Second)
	defer stop()
	admin := connect(ctx, "disable", "", "")
	_, err := admin.Exec(ctx, "create role "+secretUser+" login password '"+secretPassword+"'")
	check(err)
	for _, sslmode := range []string{"disable", "require"} {
		connections(ctx, sslmode)
		conn := connect(ctx, sslmode, "", "")
		parameters(ctx, conn)
		transactions(ctx, conn)
		copying(ctx, conn)
		cancelling(ctx, conn, admin)
		check(conn.Close(ctx))
	}
	check(admin.Close(ctx))
	fmt.Println("ok")
}

func config(sslmode, user, password string) *pgx.ConnConfig {
	settings, err := pgx.ParseConfig("sslmode=" + sslmode)
	check(err)
	if user != "" {
		settings.User, settings.Password = user, password
	}
	return settings
}

func connect(ctx context.Context, sslmode, user, password string) *pgx.Conn {
	conn, err := pgx.ConnectConfig(ctx, config(sslmode, user, password))
	check(err)
	return conn
}

func connections(ctx context.Context, sslmode string) {
	conn := connect(ctx, sslmode, secretUser, secretPassword)
	var user string
	check(conn.QueryRow(ctx, "select current_user").Scan(&user))
	same(user, secretUser)
	check(conn.Close(ctx))
	_, err := pgx.ConnectConfig(ctx, config(sslmode, secretUser, "wrong"))
	same(sqlState(err), "28P01")
}

func parameters(ctx context.Context, conn *pgx.Conn) {
	at := time.Date(2024, 2, 29, 12, 30, 0, 123456000, time.UTC)
	const sql = "select $1::int4, $2::int8, $3::float8, $4::text, $5::bytea, $6::timestamptz, $7::bool, $8::int4[], $9::text"
	// The extended protocol in binary, then in text, then the simple protocol.
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		var (
			small int32
			large int64
			half  float64
			text  string
			raw   []byte
			when  time.Time
			yes   bool
			list  []int32
			null  *string
		)
		row := conn.QueryRow(ctx, sql, mode, 7, int64(1)<<40, 1.5, "grüße", []byte{0, 1, 255}, at, true, []int32{1, 3}, nil)
		check(row.Scan(&small, &large, &half, &text, &raw, &when, &yes, &list, &null))
		same(small, int32(7))
		same(large, int64(1)<<40)
		same(half, 1.5)
		same(text, "grüße")
		same(bytes.Equal(raw, []byte{0, 1, 255}), true)
		same(when.Equal(at), true)
		same(yes, true)
		same(list, []int32{1, 3})
		same(null == nil, true)
	}
}

func transactions(ctx context.Context, conn *pgx.Conn) {
	_, err := conn.Exec(ctx, "drop table if exists item; create table item (id int primary key, name text)")
	check(err)
	batch := &pgx.Batch{}
	for id := 0; id < 10; id++ {
		batch.Queue("insert into item values ($1, $2)", id, fmt.Sprint("n", id))
	}
	check(conn.SendBatch(ctx, batch).Close())
	tx, err := conn.Begin(ctx)
	check(err)
	inner, err := tx.Begin(ctx)
	check(err)
	_, err = inner.Exec(ctx, "insert into item values ($1, 'again')", 1)
	same(sqlState(err), "23505")
	check(inner.Rollback(ctx))
	_, err = tx.Exec(ctx, "delete from item where id >= $1", 5)
	check(err)
	check(tx.Commit(ctx))
	tx, err = conn.Begin(ctx)
	check(err)
	_, err = tx.Exec(ctx, "delete from item")
	check(err)
	check(tx.Rollback(ctx))
	var count int
	check(conn.QueryRow(ctx, "select count(*) from item").Scan(&count))
	same(count, 5)
}

func copying(ctx context.Context, conn *pgx.Conn) {
	_, err := conn.Exec(ctx, "drop table if exists copied; create table copied (id int, name text)")
	check(err)
	rows := [][]any{{1, "one"}, {2, nil}}
	count, err := conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id", "name"}, pgx.CopyFromRows(rows))
	check(err)
	same(count, int64(2))
	_, err = conn.PgConn().CopyFrom(ctx, strings.NewReader("3\tthree\n"), "copy copied from stdin")
	check(err)
	var out bytes.Buffer
	_, err = conn.PgConn().CopyTo(ctx, &out, "copy (select * from copied order by id) to stdout")
	check(err)
	same(out.String(), "1\tone\n2\t\\N\n3\tthree\n")
}

func cancelling(ctx context.Context, conn, other *pgx.Conn) {
	go func() {
		for asleep := 0; asleep == 0; {
			sql := "select count(*) from pg_stat_activity where pid = $1 and query like '%pg_sleep%' and state = 'active'"
			check(other.QueryRow(ctx, sql, conn.PgConn().PID()).Scan(&asleep))
		}
		check(conn.PgConn().CancelRequest(ctx))
	}()
	_, err := conn.Exec(ctx, "select pg_sleep(600)")
	same(sqlState(err), "57014")
	var one int
	check(conn.QueryRow(ctx, "select 1").Scan(&one))
}

func sqlState(err error) string {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code
	}
	return fmt.Sprint("no server error: ", err)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func same(got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		panic(fmt.Sprintf("got %v, wanted %v", got, wanted))
	}
}
