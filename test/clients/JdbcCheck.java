// What PostgreSQL's JDBC driver must be able to do with our server; prints ok. Run by jdbc.test.ts.

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class JdbcCheck {
  static final String secretUser = System.getenv("SECRET_USER");
  static final String secretPassword = System.getenv("SECRET_PASSWORD");

  public static void main(String[] args) throws Exception {
    try (Connection connection = connect("disable", null, null, "false");
        Statement statement = connection.createStatement()) {
      statement.execute("create role " + secretUser + " login password '" + secretPassword + "'");
    }
    for (String sslmode : new String[] {"disable", "require"}) {
      connections(sslmode);
      for (String binary : new String[] {"false", "true"}) {
        try (Connection connection = connect(sslmode, null, null, binary)) {
          parameters(connection);
          transactions(connection);
          copy(connection);
          cancelling(connection);
          metadata(connection);
        }
      }
    }
    System.out.println("ok");
  }

  static Connection connect(String sslmode, String user, String password, String binary) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", user == null ? System.getenv("PGUSER") : user);
    if (password != null) properties.setProperty("password", password);
    properties.setProperty("sslmode", sslmode);
    properties.setProperty("binaryTransfer", binary);
    // Prepares on the server at the first execution; with binary transfer -1 forces the binary form from the first row.
    properties.setProperty("prepareThreshold", binary.equals("true") ? "-1" : "1");
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
    return DriverManager.getConnection(url, properties);
  }

  static void connections(String sslmode) throws SQLException {
    try (Connection connection = connect(sslmode, secretUser, secretPassword, "false");
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select current_user")) {
      result.next();
      same(result.getString(1), secretUser);
    }
    try {
      connect(sslmode, secretUser, "wrong", "false").close();
      throw new AssertionError("a wrong password was let in");
    } catch (SQLException error) {
      same(error.getSQLState(), "28P01");
    }
  }

  static void parameters(Connection connection) throws SQLException {
    String sql = "select ?::int4, ?::int8, ?::float8, ?::numeric, ?::text, ?::bytea, ?::date, ?::timestamptz, ?::uuid, ?::bool, ?::int4[], ?::text";
    OffsetDateTime at = OffsetDateTime.of(2024, 2, 29, 12, 30, 0, 123456000, ZoneOffset.UTC);
    UUID uuid = UUID.fromString("12345678-1234-5678-1234-567812345678");
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int round = 0; round < 3; round++) {
        statement.setInt(1, 7);
        statement.setLong(2, 1L << 40);
        statement.setDouble(3, 1.5);
        statement.setBigDecimal(4, new BigDecimal("12345678901234567890.123450"));
        statement.setString(5, "grüße");
        statement.setBytes(6, new byte[] {0, 1, -1});
        statement.setObject(7, LocalDate.of(2024, 2, 29));
        statement.setObject(8, at);
        statement.setObject(9, uuid);
        statement.setBoolean(10, true);
        statement.setArray(11, connection.createArrayOf("int4", new Integer[] {1, null, 3}));
        statement.setString(12, null);
        try (ResultSet result = statement.executeQuery()) {
          result.next();
          same(result.getInt(1), 7);
          same(result.getLong(2), 1L << 40);
          same(result.getDouble(3), 1.5);
          same(result.getBigDecimal(4), new BigDecimal("12345678901234567890.123450"));
          same(result.getString(5), "grüße");
          same(result.getBytes(6).length, 3);
          same(result.getObject(7, LocalDate.class), LocalDate.of(2024, 2, 29));
          same(result.getObject(8, OffsetDateTime.class).toInstant(), at.toInstant());
          same(result.getObject(9), uuid);
          same(result.getBoolean(10), true);
          Array array = result.getArray(11);
          same(((Integer[]) array.getArray())[2], 3);
          same(result.getString(12), null);
        }
      }
    }
  }

  static void transactions(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("drop table if exists item");
      statement.execute("create table item (id int primary key, name text, price numeric)");
    }
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement("insert into item values (?, ?, ?)")) {
      for (int id = 0; id < 10; id++) {
        insert.setInt(1, id);
        insert.setString(2, "n" + id);
        insert.setBigDecimal(3, BigDecimal.valueOf(id * 25L, 2));
        insert.addBatch();
      }
      same(insert.executeBatch().length, 10);
      connection.commit();
      Savepoint savepoint = connection.setSavepoint();
      try {
        insert.setInt(1, 1);
        insert.setString(2, "again");
        insert.setBigDecimal(3, BigDecimal.ZERO);
        insert.executeUpdate();
        throw new AssertionError("a duplicate was let in");
      } catch (SQLException error) {
        same(error.getSQLState(), "23505");
      }
      connection.rollback(savepoint);
    }
    try (PreparedStatement delete = connection.prepareStatement("delete from item where id > ?")) {
      delete.setInt(1, 4);
      same(delete.executeUpdate(), 5);
    }
    connection.rollback();
    try (PreparedStatement select = connection.prepareStatement("select id, price from item order by id")) {
      select.setFetchSize(3);
      try (ResultSet result = select.executeQuery()) {
        BigDecimal sum = BigDecimal.ZERO;
        int count = 0;
        for (; result.next(); count++) sum = sum.add(result.getBigDecimal(2));
        same(count, 10);
        same(sum, new BigDecimal("11.25"));
      }
    }
    connection.commit();
    connection.setAutoCommit(true);
    try (PreparedStatement insert =
        connection.prepareStatement("insert into item values (10, 'x', 1)", Statement.RETURN_GENERATED_KEYS)) {
      insert.executeUpdate();
      try (ResultSet keys = insert.getGeneratedKeys()) {
        keys.next();
        same(keys.getInt("id"), 10);
      }
    }
  }

  static void copy(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("drop table if exists copied");
      statement.execute("create table copied (id int, name text)");
    }
    CopyManager manager = connection.unwrap(PGConnection.class).getCopyAPI();
    byte[] rows = "1,one\n2,\"t,w\"\n".getBytes(StandardCharsets.UTF_8);
    same(manager.copyIn("copy copied from stdin (format csv)", new ByteArrayInputStream(rows)), 2L);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    manager.copyOut("copy (select * from copied order by id) to stdout (format csv)", out);
    same(out.toString(StandardCharsets.UTF_8), "1,one\n2,\"t,w\"\n");
  }

  static void cancelling(Connection connection) throws Exception {
    int pid = connection.unwrap(PGConnection.class).getBackendPID();
    try (Statement statement = connection.createStatement()) {
      Thread canceller =
          new Thread(
              () -> {
                try (Connection other = connect("disable", null, null, "false");
                    PreparedStatement asleep =
                        other.prepareStatement(
                            "select 1 from pg_stat_activity where pid = ? and query like '%pg_sleep%' and state = 'active'")) {
                  asleep.setInt(1, pid);
                  while (true) {
                    try (ResultSet result = asleep.executeQuery()) {
                      if (result.next()) break;
                    }
                  }
                  statement.cancel();
                } catch (SQLException error) {
                  throw new IllegalStateException(error);
                }
              });
      canceller.start();
      try {
        statement.execute("select pg_sleep(600)");
        throw new AssertionError("the query was not cancelled");
      } catch (SQLException error) {
        same(error.getSQLState(), "57014");
      }
      canceller.join();
    }
  }

  static void metadata(Connection connection) throws SQLException {
    DatabaseMetaData metadata = connection.getMetaData();
    same(metadata.getDatabaseMajorVersion(), 17);
    try (ResultSet columns = metadata.getColumns(null, "public", "item", null)) {
      columns.next();
      same(columns.getString("COLUMN_NAME"), "id");
      same(columns.getString("TYPE_NAME"), "int4");
    }
    try (ResultSet keys = metadata.getPrimaryKeys(null, "public", "item")) {
      keys.next();
      same(keys.getString("PK_NAME"), "item_pkey");
    }
  }

  static void same(Object got, Object wanted) {
    if (got == null ? wanted != null : !got.equals(wanted)) throw new AssertionError("got " + got + ", wanted " + wanted);
  }
}
