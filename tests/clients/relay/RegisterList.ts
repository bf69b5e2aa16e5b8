// A list that a Relay client pages through: @connection wants our connections, edges and pageInfo to be Relay's.
import { graphql } from 'react-relay';

export const query = graphql`
  query RegisterListQuery($filter: PatientRegisterFilter, $order: [PatientRegisterOrder!]) {
    ...RegisterList_registers @arguments(filter: $filter, order: $order)
  }
`;

export const registers = graphql`
  fragment RegisterList_registers on Query
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    filter: { type: "PatientRegisterFilter" }
    order: { type: "[PatientRegisterOrder!]" }
  )
  @refetchable(queryName: "RegisterListPaginationQuery") {
    patientRegisters(filter: $filter, order: $order, first: $count, after: $cursor)
      @connection(key: "RegisterList_patientRegisters") {
      edges {
        node {
          id
          ...RegisterCard_register
        }
      }
    }
  }
`;
